# SPDX-License-Identifier: ISC
"""share/schema: what `lke -j` prints must be in it, and nothing else."""
import copy
import json
import os

import jsonschema

DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'share', 'schema')


def load(name):
    """The schema of a name as in "schema": "lke.show/1"."""
    with open(os.path.join(DIRECTORY, name.replace('/', '-') + '.json')) as f:
        return json.load(f)


def names():
    return sorted(f[:-len('.json')].replace('-', '/') for f in os.listdir(DIRECTORY))


def strict(node):
    """The same without members that it does not name: for programs the schemas grow, here they must be complete."""
    if isinstance(node, list):
        return [strict(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: strict(v) for k, v in node.items() if k != 'allOf'}
    if 'allOf' in node:
        out['allOf'] = copy.deepcopy(node['allOf'])
    if node.get('type') == 'object' and 'properties' in node and 'additionalProperties' not in node:
        out['additionalProperties'] = False
    return out


_validators = {}


def problems(obj):
    """What is wrong with an object of `lke -j`, by its own schema name."""
    name = obj.get('schema') if isinstance(obj, dict) else None
    if name not in names():
        return [f'no schema {name!r}']
    if name not in _validators:
        _validators[name] = jsonschema.Draft202012Validator(strict(load(name)))
    return [f'{name}: {"/".join(map(str, e.absolute_path))}: {e.message[:200]}'
            for e in _validators[name].iter_errors(obj)]


def members(name):
    """Every member that a schema names, as "lbsas/state": to see that a test has met them all."""
    root = load(name)
    found = set()

    def walk(node, path):
        if '$ref' in node:
            node = root['$defs'][node['$ref'].split('/')[-1]]
        for alternative in node.get('oneOf', []):
            walk(alternative, path)
        if 'items' in node:
            walk(node['items'], path)
        for key, value in node.get('properties', {}).items():
            found.add(path + key)
            walk(value, path + key + '/')
    walk(root, '')
    return found


def met(obj, path=''):
    """The members of an object, named in the same way."""
    if isinstance(obj, list):
        return set().union(*(met(o, path) for o in obj)) if obj else set()
    if not isinstance(obj, dict):
        return set()
    return {path + k for k in obj} | set().union(*(met(v, path + k + '/') for k, v in obj.items()))
