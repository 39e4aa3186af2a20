#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The schemas themselves, and output of lke(1) that needs no daemon.  Argument: the program.

lab/schema_tests.py has what daemons print.
"""
import json
import subprocess
import sys

import commands
import decode
from config import Place
from tap import equal, run, true

try:
    import jsonschema
    import schema
except ImportError:
    print('1..0 # SKIP python3-jsonschema is not installed')
    sys.exit(0)


def op_every_json_has_a_schema(lke):
    named = set()
    for name in commands.command_names(lke):
        out = commands.ask(lke, 'help', name)[1]
        named |= {line.split()[-1] for line in out.splitlines() if line.startswith('-j prints JSON of the schema ')}
    true({'lke.show/1', 'lke.event/1', 'lke.status/1', 'lke.answer/1', 'lke.version/1'} <= named, named)
    equal(sorted(named - set(schema.names())), [])


def op_schemas_are_schemas(lke):
    for name in schema.names():
        s = schema.load(name)
        jsonschema.Draft202012Validator.check_schema(s)
        equal(s['properties']['schema'], {'const': name})
        true('schema' in s['required'], name)


def op_schemas_refuse_what_is_wrong(lke):
    """The check can fail: a missing member, a wrong type, one that no schema names."""
    good = {'schema': 'lke.status/1', 'healthy': True, 'why': 'all is well'}
    equal(schema.problems(good), [])
    for bad in ({**good, 'healthy': 1}, {**good, 'more': 1}, {'schema': 'lke.status/1', 'healthy': True}, {}):
        true(schema.problems(bad), bad)
    event = {'schema': 'lke.event/1', 'event': 'message'}
    true(len(schema.problems(event)) > 3, schema.problems(event))


def op_json_without_a_daemon_fits(lke):
    equal(schema.problems(json.loads(commands.ask(lke, 'version', '-j')[1])), [])
    packets = list(decode.named().values())
    broken = packets[-2][:-1] + b'\0'
    capture = decode.vectors.pcapng([(0, p) for p in [*packets, broken]], (101,))
    for args in ((), ('-v',), ('-v', '--keylog', '@/keys')):
        for j in decode.objects(lke, capture, *args):
            equal(schema.problems(j), [])


def op_check_says_its_problems_in_json(lke):
    right = Place(lke, '[AccessRouter]\nInterface = wlan0\nMaxLifetime = 599s\n')
    code, out, err = right.ask('check', '-j')
    j = json.loads(out)
    equal((code, err, j['right'], schema.problems(j)), (0, '', True, []))
    equal([(p['severity'], p['file'], p['line']) for p in j['problems']], [('warning', 'lke.conf', 3)])
    wrong = Place(lke, '[AccessRouter]\nInterface = wlan0\nFinishd = yes\n[HomeAgent]\nInterface = lo\n[Mobile a]\n'
                  'HomeAddress = 2001:db8::1\nKey = a.key\n')
    code, out, err = wrong.ask('check', '-j')
    j = json.loads(out)
    equal((code, err, j['right'], schema.problems(j)), (3, '', False, []))
    equal([(p['file'], p.get('line')) for p in j['problems']], [('lke.conf', 3), ('a.key', None), ('lke.conf', 6)])
    # The same as the words for people.
    words = wrong.ask('check')
    for p in j['problems']:
        true(f"{p['severity']}: {p['text']}" in words[1] + words[2], (p, words))


def op_rekey_names_its_file_in_json(lke):
    p = Place(lke, '[HomeAgent]\nInterface = lo\n[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n')
    p.write('a.key', subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout)
    for _ in range(2):  # it is there already
        code, out, _ = p.ask('rekey', '2001:db8::1', '-j')
        j = json.loads(out)
        equal((code, j['file'], schema.problems(j)), (0, 'a.key.next', []))


TESTS = [op_check_says_its_problems_in_json, op_rekey_names_its_file_in_json,
         op_every_json_has_a_schema, op_schemas_are_schemas, op_schemas_refuse_what_is_wrong,
         op_json_without_a_daemon_fits]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
