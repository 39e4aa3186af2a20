#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke support-bundle without a daemon: an archive that tar reads, complete, and without a key.  Argument: the program.

lab/support_tests.py has those of running daemons.
"""
import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile

from commands import with_daemon
from config import Place
from tap import equal, run, true

try:
    import schema
except ImportError:
    schema = None

HA = '[HomeAgent]\nInterface = lo\n[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n'


def members(data):
    """{name in the directory: text}; every file is closed to others."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for m in tar.getmembers():
            equal((m.isfile(), m.mode, m.name.count('/')), (True, 0o600, 1))
        equal(len({m.name.split('/')[0] for m in tar.getmembers()}), 1)
        return {m.name.split('/')[1]: tar.extractfile(m).read().decode(errors='replace') for m in tar.getmembers()}


def bundle(place, *argv):
    out = place.dir.name + '/out.tar'
    code, text, err = place.ask('support-bundle', out, '--state', place.dir.name, *argv)
    equal((code, text.startswith('out.tar: ')), (0, True))
    true(os.geteuid() or not err, err)
    equal(os.stat(out).st_mode & 0o777, 0o600)
    with open(out, 'rb') as f:
        data = f.read()
    os.unlink(out)
    return members(data)


def op_bundle_has_everything_and_says_how(lke):
    got = bundle(Place(lke, '[AccessRouter]\nInterface = wlan0\n'))
    true({'README', 'version.txt', 'configuration.txt', 'check.txt', 'diff.txt', 'status.json', 'show.txt', 'show.json', 'limits.txt',
          'doctor.txt', 'log.txt', 'addresses.txt', 'routes.txt'} <= set(got), got.keys())
    listed = re.findall(r'^  (\S+) ', got['README'], re.M)
    equal(sorted(listed), sorted(set(got) - {'README'}))
    true('Interface = wlan0' in got['configuration.txt'], got['configuration.txt'])
    equal(got['version.txt'], subprocess.run([lke, 'version'], capture_output=True, text=True, check=True).stdout)
    true(re.search(r'status\.json .* status -j   \(exit status 4\)', got['README']), got['README'])
    true('does not run' in got['status.json'], got['status.json'])


def op_bundle_has_what_lked_says(lke):
    answer = b'{"schema":"lke.show/1","roles":[],"version":"9.9"}\n'
    p = Place(lke, '[AccessRouter]\nInterface = wlan0\n')

    def act(run_dir):
        out = subprocess.run([lke, '--run', run_dir, '-c', p.conf, 'support-bundle', '-'], capture_output=True, check=True).stdout
        return members(out)
    equal(json.loads(with_daemon(answer, act)['show.json'])['version'], '9.9')


def op_bundle_has_no_key(lke):
    p = Place(lke, HA)
    key = subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout
    p.write('a.key', key)
    pasted = secrets.token_hex(16)
    p.write('log', f'started\nkey {pasted} and {pasted.upper()}\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\nend\n')
    known = [*re.findall(r'-key-to-.. = ([0-9a-f]+)', key), pasted, pasted.upper(), 'MIIEvQIBADANBg']
    equal(len(known), 7)

    def found():
        got = bundle(p, '--log', p.dir.name + '/log')
        equal([(name, s) for name, text in got.items() for s in known if s in text], [])
        return got
    got = found()
    equal(got['lked.log'], 'started\nkey [removed] and [removed]\n[removed]\nend\n')
    true('/a.key ' in got['configuration.txt'], got['configuration.txt'])
    # Into the wrong file, where the messages about it would repeat it.
    p.write('lke.conf', HA + key + f'{pasted}\n[AccessRouter]\nMtu = {pasted}\n')
    true('Mtu = [removed] is not a number' in found()['check.txt'], found()['check.txt'])


def op_bundle_never_overwrites(lke):
    p = Place(lke, '[AccessRouter]\nInterface = wlan0\n')
    p.write('there', 'mine')
    os.symlink(p.dir.name + '/elsewhere', p.dir.name + '/link')
    for name in ('there', 'link'):
        code, out, err = p.ask('support-bundle', f'{p.dir.name}/{name}')
        equal((code, out, 'name another FILE' in err), (1, '', True))
    equal((open(p.dir.name + '/there').read(), os.path.exists(p.dir.name + '/elsewhere')), ('mine', False))
    code, out, err = p.ask('support-bundle', p.dir.name + '/a.tar', '--log', '/nonexistent')
    equal((code, out, os.path.exists(p.dir.name + '/a.tar')), (1, '', False))
    true('/nonexistent' in err, err)
    equal(p.ask('support-bundle', '--nonsense')[0], 2)


def op_bundle_answers_in_json(lke):
    p = Place(lke, '[AccessRouter]\nInterface = wlan0\n')
    j = json.loads(p.ask('support-bundle', p.dir.name + '/a.tar', '-j')[1])
    equal(j['file'], 'a.tar')
    if schema:
        equal(schema.problems(j), [])


TESTS = [v for k, v in list(globals().items()) if k.startswith('op_')]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
