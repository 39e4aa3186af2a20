#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""-j of every command: it is JSON of the schema that the help names, and that schema is shipped and in the manual.  Argument: lke.

Daemons here are sockets that answer what they are told; lab/schema_tests.py has real ones.
"""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import commands
import decode
from commands import ROOT, answered, ask, with_daemon
from config import Place
from tap import equal, run, true

try:
    import schema
except ImportError:
    print('1..0 # SKIP python3-jsonschema is not installed')
    sys.exit(0)

HOME, COA = '2001:db8:100::42', '2001:db8:2::b7'
BINDING = {'role': 'home-agent', 'home_address': HOME, 'agent': '2001:db8:100::1', 'care_of_address': COA, 'state': 'forwarding',
           'sequence': 4711, 'expires_in': 28.5, 'traffic': None}
STATE = {'schema': 'lke.show/1', 'version': '0', 'profile': 'default', 'roles': ['home-agent'], 'uptime': 1.5, 'forward': 'bpf',
         'bindings': [BINDING]}
RELOAD = {'schema': 'lke.reload/1', 'result': 'same', 'text': 'no difference', 'code': 0, 'confirm_within': None, 'changes': [], 'problems': []}
EVENT = {'schema': 'lke.event/1', 'event': 'lost', 'count': 7, 'time': 1.5}
AUDIT = {'schema': 'lke.audit/1', 'time': '2026-11-27T01:28:44.123Z', 'name': 'a', 'home_address': HOME, 'care_of_address': COA,
         'source': COA, 'agent': '2001:db8:100::1', 'interface': 'eth0', 'spi': 4096, 'sequence': 1, 'lifetime': 600,
         'verdict': 'accepted', 'status': 0, 'repeats': 0}
HA = '[HomeAgent]\nInterface = lo\n[Mobile a]\nHomeAddress = %s\nKey = a.key\n' % HOME
MN = '[MobileNode]\nInterface = lo\n'
SECRET = re.compile('[0-9a-f]{32,}')


def daemon(reply, *argv):
    """What lke says beside a daemon that gives this answer to everything."""
    return lambda lke: answered(lambda request: reply, lambda d: ask(lke, '--run', d, *argv))


def place(conf, *argv, **files):
    """What lke says of a configuration, without a daemon; files are of genkey, or text."""
    def act(lke):
        p = Place(lke, conf)
        for name, text in files.items():
            p.write(name.replace('_', '.'), text or ask(lke, 'genkey')[1])
        return p.ask(*(a.replace('@', p.dir.name + '/') for a in argv))
    return act


def first_lines(lke, n, *argv):
    """n lines (0: one object) of a command that runs until it is ended; 0 when it then ended by that."""
    with subprocess.Popen([lke, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        lines = []
        while len(lines) < n or n == 0 and lines[-1:] != ['}\n']:
            lines.append(p.stdout.readline())
            if not lines[-1]:
                raise AssertionError(p.stderr.read())
        p.send_signal(signal.SIGTERM)
        return 0 if p.wait(10) in (0, -signal.SIGTERM) else p.returncode, ''.join(lines), p.stderr.read()


def monitor(lke):
    return with_daemon(json.dumps(EVENT).encode() + b'\n', lambda d: ask(lke, '--run', d, 'monitor', '-j'))


def serve(lke):
    p = Place(lke, MN)
    code, out, err = first_lines(lke, 0, 'serve', '-j', '--listen', f'unix:{p.dir.name}/web', 'ar1=/run/one')
    equal(json.loads(out)['daemons'], [{'name': 'ar1', 'socket': '/run/one/ctl.sock'}])
    return code, out, err


def top(lke):
    code, out, err = answered(lambda request: STATE, lambda d: first_lines(lke, 2, '--run', d, 'top', '0.1', '-j'))
    equal([b['home_address'] for line in out.splitlines() for b in json.loads(line)['bindings']], [HOME, HOME])
    return code, out, err


def imported(lke):
    p = Place(lke, HA)
    p.write('a.key', ask(lke, 'genkey')[1])
    equal(p.ask('export', HOME, p.dir.name + '/policy', '--agent', '2001:db8:100::1')[0], 0)
    code, out, err = Place(lke, MN).ask('import', p.dir.name + '/policy', '-j')
    equal(json.loads(out)['lines'], [f'HomeAddress = {HOME}', 'HomeAgent = 2001:db8:100::1', 'Key = a.key'])
    return code, out, err


def decoded(lke):
    packets = list(decode.named().values())
    out = decode.objects(lke, decode.vectors.pcapng([(0, x) for x in packets], (101,)))
    return 0, '\n'.join(json.dumps(j) for j in out), ''


OK = {'schema': 'lke.answer/1', 'ok': True}
CASES = {
    'show': daemon(STATE, 'show', 'all', '-j'),
    'status': daemon({'schema': 'lke.status/1', 'healthy': True, 'why': 'all is well'}, 'status', '-j'),
    'monitor': monitor,
    'top': top,
    'diff': daemon(RELOAD, 'diff', '-j'),
    'serve': serve,
    'reload': daemon(RELOAD, 'reload', '-j'),
    'confirm': daemon(RELOAD, 'confirm', '-j'),
    'undo': daemon(RELOAD, 'undo', '-j'),
    'handover': daemon(OK, 'handover', '-j'),
    'attach': daemon(OK, 'attach', '-j'),
    'kex': daemon(OK, 'kex', '-j'),
    'leave': daemon(OK, 'leave', COA, '-j'),
    'flush': daemon(OK, 'flush', 'lbsa', 'all', '-j'),
    'suspend': daemon(OK, 'suspend', HOME, '-j'),
    'resume': daemon(OK, 'resume', HOME, '-j'),
    'rekey': place(HA, 'rekey', HOME, '-j', a_key=None),
    'audit': place(HA, 'audit', '--state', '@.', '-j', audit_log=json.dumps(AUDIT) + '\n'),
    'keylog': daemon(OK, 'keylog', 'off', '-j'),
    'check': place(MN, 'check', '-j'),
    'doctor': place(HA, 'doctor', '--state', '@.', '-j', a_key=None),
    'showconf': place(HA, 'showconf', '-j', a_key=None),
    'decode': decoded,
    'export': place(HA, 'export', HOME, '@policy', '-j', a_key=None),
    'import': imported,
    'genkey': lambda lke: ask(lke, 'genkey', '-j'),
    'support-bundle': place(HA, 'support-bundle', '@out.tar', '--state', '@.', '-j', a_key=None),
    'version': lambda lke: ask(lke, 'version', '-j'),
    'help': lambda lke: ask(lke, 'help', '-j'),
}
BY_LINE = ('monitor', 'top', 'decode', 'audit')
RESULTS = {'check': (0, 3), 'doctor': (0, 8, 9), 'monitor': (1,)}  # exit codes of a result; here lked goes while lke looks on


def schema_of(lke, name):
    said = re.search(r'^-j prints JSON of the schema (\S+)$', ask(lke, 'help', name)[1], re.M)
    true(said, name)
    return said[1]


def op_every_command_prints_json_of_its_schema(lke):
    equal(sorted(CASES), sorted(commands.command_names(lke)))
    for name, case in CASES.items():
        if name == 'doctor' and os.geteuid():
            continue
        code, out, err = case(lke)
        true(code in RESULTS.get(name, (0,)), (name, code, err))
        objects = [json.loads(line) for line in out.splitlines()] if name in BY_LINE else [json.loads(out)]
        true(objects, name)
        equal((name, {j['schema'] for j in objects}), (name, {schema_of(lke, name)}))
        equal((name, sum((schema.problems(j) for j in objects), [])), (name, []))


def op_every_schema_is_shipped_and_in_the_manual(lke):
    page = open(os.path.join(ROOT, 'man', 'lke.1')).read()
    for name in commands.command_names(lke):
        true(schema_of(lke, name) in schema.names(), name)
        true(f'.Dq {schema_of(lke, name)}' in page, f'lke.1 does not have {schema_of(lke, name)} of {name}')


def op_help_as_json_has_the_whole_table(lke):
    j = json.loads(ask(lke, 'help', '-j')[1])
    equal(sorted(c['command'] for c in j['commands']), sorted(commands.command_names(lke)))
    for c in j['commands']:
        usage = ask(lke, 'help', c['command'])[1].splitlines()[0]
        equal(usage, ' '.join(f'usage: lke {c["command"]} {c["arguments"]}'.split()) + ' [-j]')
    equal([c['command'] for c in json.loads(ask(lke, 'help', 'kex', '-j')[1])['commands']], ['kex'])
    equal([c['code'] for c in j['exit_codes']], list(range(10)))


def op_an_error_with_j_stays_text(lke):
    """On standard error, with nothing on standard output."""
    for argv, want in ((['show', 'x'], 2), (['genkey', 'x'], 2), (['showconf', '/nonexistent'], 3), (['export', '::1', 'x'], 3),
                       (['top'], 4), (['status'], 4), (['serve', '--listen', '192.0.2.1:1'], 2), (['help', 'x'], 2)):
        code, out, err = ask(lke, '--run', '/nonexistent', '-c', '/nonexistent/lke.conf', *argv, '-j')
        equal((argv, code, out), (argv, want, ''))
        true(err and not err.startswith('{'), err)


def on_a_terminal(argv):
    """(exit code, what came) of a program whose standard output and error are a terminal."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    out = b''
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        out += data
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()


def op_keys_as_json_go_where_they_are_sent_and_never_to_a_terminal(lke):
    p = Place(lke, HA)
    key = ask(lke, 'genkey')[1]
    p.write('a.key', key)
    secrets = set(re.findall(r'-key-to-.. = ([0-9a-f]+)', key))
    # Into a file the entry goes as text; what is said of it has no key.
    code, out, err = p.ask('export', HOME, p.dir.name + '/policy', '-j')
    said = json.loads(out)
    equal((code, err, said['file'], said['name'], SECRET.findall(out)), (0, '', 'policy', 'a', []))
    text = open(p.dir.name + '/policy').read()
    equal([s for s in secrets if s not in text], [])
    # To standard output all of it, if that is no terminal.
    code, out, err = p.ask('export', HOME, '-', '-j', '--agent', '2001:db8:100::1')
    all_of_it = json.loads(out)
    equal((code, err, set(SECRET.findall(out)) <= secrets, schema.problems(all_of_it)), (0, '', True, []))
    equal({v for k, v in all_of_it.items() if '_key_' in k}, secrets)
    equal(({**all_of_it, 'file': 'policy'}.items() >= said.items(), all_of_it['home_agent']), (True, '2001:db8:100::1'))
    equal(all_of_it['spi_to_ha'], int(re.search('spi-to-ha = (0x[0-9a-f]+)', key)[1], 16))
    for argv in (['-c', p.conf, 'export', HOME, '-', '-j'], ['-c', p.conf, 'export', HOME], ['genkey', '-j']):
        code, out = on_a_terminal([lke, *argv])
        equal((argv, code, SECRET.findall(out)), (argv, 2, []))
        true('not written to a terminal' in out, out)
    # A file behind > is closed to others.
    for argv in (['-c', p.conf, 'export', HOME, '--agent', '::1', '-j'], ['-c', p.conf, 'export', HOME], ['genkey', '-j'], ['genkey']):
        with open(p.dir.name + '/out', 'wb') as f:
            os.fchmod(f.fileno(), 0o644)
            subprocess.run([lke, *argv], stdout=f, check=True)
            equal((argv, os.fstat(f.fileno()).st_mode & 0o777), (argv, 0o600))


def op_import_says_in_json_what_it_did(lke):
    ha, other = Place(lke, HA), Place(lke, '[HomeAgent]\nInterface = lo\n')
    ha.write('a.key', ask(lke, 'genkey')[1])
    equal(ha.ask('export', HOME, other.dir.name + '/policy')[0], 0)
    new = json.loads(other.ask('import', other.dir.name + '/policy', '-j')[1])
    equal((new['role'], new['key_file'], new['section_file'], new['to_do'], schema.problems(new)),
          ('home-agent', 'mobiles/a.key', 'lke.conf.d/a.conf', 'reload', []))
    # The next generation, in a home agent that has the entry; no lked runs there.
    equal(ha.ask('rekey', HOME)[0], 0)
    equal(ha.ask('export', HOME, other.dir.name + '/policy2')[0], 0)
    following = json.loads(other.ask('import', other.dir.name + '/policy2', '-j')[1])
    equal((following['generation'], following['key_file'], following['section_file'], following['to_do'], schema.problems(following)),
          (2, 'mobiles/a.key.next', None, 'nothing', []))
    # A mobile node that has the home address.
    mn = Place(lke, f'[MobileNode]\nInterface = lo\nHomeAddress = {HOME}\nHomeAgent = 2001:db8:100::1\nKey = a.key\n')
    equal(ha.ask('export', HOME, mn.dir.name + '/policy')[0], 0)
    has = json.loads(mn.ask('import', mn.dir.name + '/policy', '-j')[1])
    equal((has['role'], has['key_file'], has['to_do'], schema.problems(has)), ('mobile-node', 'a.key', 'reload', []))


def op_showconf_as_json_says_the_same(lke):
    p = Place(lke, HA.replace('[Mobile a]', '[Mobile  a # b]'), x='[Daemon]\nTun = tun7 # seven\n')
    p.write('a.key', ask(lke, 'genkey')[1])
    code, out, err = p.ask('showconf', '-j')
    equal((code, err), (0, ''))
    j = json.loads(out)
    equal(schema.problems(j), [])
    equal([(s['section'], s['name'], s['file'], s['line']) for s in j['sections']],
          [('HomeAgent', None, 'lke.conf', 1), ('Mobile', 'a # b', 'lke.conf', 3), ('Daemon', None, 'lke.conf.d/x.conf', 1)])
    equal([(k['key'], k['value'], k['line']) for s in j['sections'] for k in s['keys']],
          [('Interface', 'lo', 2), ('HomeAddress', HOME, 4), ('Key', 'a.key', 5), ('Tun', 'tun7', 2)])
    equal(SECRET.findall(out), [])


def op_diff_of_a_file_as_json(lke):
    p = Place(lke, '[AccessRouter]\nInterface = wlan1\nMtu = 1400\n')
    p.write('running.conf', p.ask('showconf')[1])
    same = json.loads(p.ask('diff', p.conf, '-j')[1])
    equal((same['result'], same['changes'], schema.problems(same)), ('same', [], []))
    p.write('lke.conf', '[AccessRouter]\nInterface = wlan1\n[Daemon]\nTun = lke1\n')
    code, out, err = p.ask('diff', p.conf, '-j')
    j = json.loads(out)
    equal((code, err, j['result'], schema.problems(j)), (0, '', 'done', []))
    equal([(c['change'], c['statement'], c['place'], bool(c['restart'])) for c in j['changes']],
          [('gone', '[AccessRouter] wlan1: Mtu = 1400', 'lke.conf:3', False), ('new', '[Daemon]: Tun = lke1', 'lke.conf:4', True)])


def op_top_has_rates_of_the_second_line_on(lke):
    start = time.monotonic()

    def answer(request):
        octets = int((time.monotonic() - start) * 1e6)
        idle = {**BINDING, 'home_address': '2001:db8:100::43', 'traffic': None}
        return {**STATE, 'bindings': [idle, {**BINDING, 'traffic': {'encap_packets': 1, 'encap_bytes': octets, 'decap_packets': 1, 'decap_bytes': 5,
                                                                    'path_mtu': 1500}}]}
    _, out, _ = answered(answer, lambda d: first_lines(lke, 2, '--run', d, 'top', '0.2', '-j'))
    one, two = (json.loads(line) for line in out.splitlines())
    equal([(b['to_mobile'], b['from_mobile']) for b in one['bindings']], [(None, None)] * 2)
    busiest, idle = two['bindings']
    true(0 < busiest['to_mobile'] < 1e8 and busiest['from_mobile'] == 0, two)
    equal((busiest['home_address'], idle['to_mobile']), (HOME, None))
    true(two['wall_time'] > one['wall_time'] > 1.7e9, (one, two))


TESTS = [v for k, v in list(globals().items()) if k.startswith('op_')]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
