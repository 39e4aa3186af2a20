#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke show and lke top with addresses of full length, in 80 columns and in wide terminals.  Argument: the program."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

from commands import answered, ask, with_daemon
from tap import equal, run, true


def address(k):
    return f'2001:db8:1234:5678:9abc:def0:1234:{0x5670 + k:x}'


TRAFFIC = {'encap_bytes': 19084083, 'decap_bytes': 1153433, 'last_packet': 12.3}
BINDING = {'care_of_address': address(9), 'sequence': 64100, 'expires_in': 100, 'state': 'forwarding', 'traffic': TRAFFIC}
STATE = {
    'schema': 'lke.show/1', 'roles': ['access-router', 'mobile-node', 'home-agent'], 'forward': 'bpf',
    'forward_reason': 'Forward = auto',
    'rsa': {'bits': 2048, 'sha256': 'ab' * 32, 'ops_per_sec': 1050, 'kex_per_sec': 2.0, 'kex_max_per_sec': 262},
    'totals': {'lbsas_valid': 3, 'lbsas_tentative': 0, 'bindings': 2, 'lbsas': 3, 'mobiles': 1},
    'interfaces': [{'name': 'wlan0', 'link_layer': '02:00:00:00:00:01', 'up': True, 'mtu': 1500, 'roles': ['access-router'],
                    'addresses': ['fe80::1', address(7), address(8)]}],
    'lbsas': [{'role': 'access-router', 'care_of_address': address(k), 'state': 'valid', 'expires_in': 3000,
               'binding': BINDING if k else None, 'buffered': {'packets': 12 if k == 2 else 0}, 'leaving': k == 2} for k in range(3)]
    + [{'role': 'mobile-node', 'care_of_address': address(1), 'access_router': address(2), 'state': 'valid', 'previous': True,
        'expires_in': 333}],
    'routers': [{'chosen': True, 'link_local': 'fe80::1234:5678:9abc:def0', 'interface': 'enp0s31f6abcdef', 'lke': True,
                 'expires_in': 1800, 'care_of_address': address(1)}],
    'bindings': [{**BINDING, 'role': 'mobile-node', 'home_address': address(4), 'agent': address(3)}],
    'home_agents': [{'link_local': 'fe80::1234:5678:9abc:def0', 'interface': 'enp0s31f6abcdef', 'preference': 10, 'expires_in': 1800,
                     'addresses': [address(5)]}],
    'mobiles': [{'name': 'laptop', 'home_address': address(4), 'binding': BINDING, 'floor_lost': True, 'last_sequence': 4,
                 'sequence_used': 5, 'key_generation': 1, 'next_key_generation': 2}],
    'sequences': [{'name': 'laptop', 'home_address': address(4), 'key_generation': 1, 'used': 31000, 'per_day': 144.0,
                   'days_to_window': 227, 'days_to_cycle': 455}],
    'limits': [{'name': 'candidates', 'interface': 'enp0s31f6abcdef', 'used': 1, 'limit': 1 << 31}],
    'timers': {'all': 1, 'next': [{'due': 3.3, 'name': 'mobile_prefix_solicitation', 'interface': 'wlan0', 'address': address(1)}]},
    'counters': {'packets_in': 1 << 40, 'plane': {'encapsulated': 1 << 40}}, 'drops': {'no_binding': 7},
}
ANSWER = json.dumps(STATE).encode() + b'\n'


def shown(lke, what, columns=None, state=None):
    env = {k: v for k, v in os.environ.items() if k != 'COLUMNS'} | ({'COLUMNS': str(columns)} if columns else {})
    code, out, err = with_daemon(json.dumps(state).encode() + b'\n' if state else ANSWER,
                                 lambda d: ask(lke, '--run', d, 'show', *what, env=env))
    equal((code, err), (0, ''))
    return out


def op_audit_fits_80_columns(lke):
    record = {'time': '2026-11-27T01:28:44.123Z', 'name': 'laptop', 'home_address': address(4), 'care_of_address': address(9),
              'sequence': 64100, 'verdict': 'accepted', 'status': 1, 'spi': 0x1234, 'repeats': 12}
    with tempfile.TemporaryDirectory() as state:
        with open(state + '/audit.log', 'w') as f:
            f.write(json.dumps(record) + '\n')
        narrow, wide = ([x for x in ask(lke, 'audit', '--state', state, env=os.environ | {'COLUMNS': columns})[1].splitlines()]
                        for columns in ('80', '300'))
        none = ask(lke, 'audit', 'desktop', '--state', state, env=os.environ | {'COLUMNS': '80'})[:2]
    equal(none, (0, '  none: no Binding Update of desktop is recorded; see: lke show mobiles\n'))
    code, out, err = ask(lke, 'audit', '--state', '/nonexistent', env=os.environ | {'COLUMNS': '80'})
    equal((code, ' '.join(out.split()).split(';')[0], err), (0, 'none: /nonexistent/audit.log is not there', ''))
    equal(ask(lke, 'audit', '-j', '--state', '/nonexistent'), (0, '', ''))
    equal([x for x in narrow if len(x) > 80], [])
    equal(len(wide), 2)
    for word in ('laptop', address(4), address(9), '64100 accepted', 'status 1', 'spi 0x1234', '(12 more refused before)'):
        true(word in ' '.join(x.strip() for x in narrow) and word in ' '.join(wide[1].split()), (word, narrow, wide))


def addresses(text):
    return set(re.findall(r'2001:db8:[0-9a-f:]+', text.replace(': ', ' ')))


def op_show_fits_80_columns(lke):
    for what in ([], ['all'], *([w] for w in HEADINGS)):
        narrow, wide = shown(lke, what, 80), shown(lke, what, 300)
        equal([x for x in narrow.splitlines() if len(x) > 80], [])
        equal(addresses(narrow), addresses(wide))
        # The same words, whatever the lines.
        if what[:1] in (['timers'], ['limits'], ['interfaces'], ['counters'], ['agents'], ['routers'], ['mobiles']):
            equal(narrow.split(), wide.split())


def op_show_in_a_pipe_has_a_line_for_each_object(lke):
    out = shown(lke, [])
    equal(out, shown(lke, [], 1000))
    true(f'\n  wlan0 02:00:00:00:00:01 up fe80::1 {address(7)} {address(8)}\n' in out, out)
    true(f'LBSA of {address(1)} with {address(2)}: previous, expires in 5m33s' in out, out)
    for k in range(3):
        true(re.search(rf'^  {address(k)} (on link|-> {address(9)}) .*(valid|forwarding)', out, re.M), out)
    true(f'{address(4)} -> {address(9)} at {address(3)}: forwarding, seq 64100, expires in 1m40s v18.2 MiB ^1.1 MiB 12s ago' in out, out)


def op_first_screen_has_the_rate_of_key_exchanges(lke):
    def first(**rsa):
        state = {**STATE, 'roles': ['access-router'], 'rsa': {**STATE['rsa'], **rsa}}
        return shown(lke, [], 80, {k: v for k, v in state.items() if k != 'forward_reason'}).splitlines()[0]
    equal(first(), 'access router   RSA-2048 SHA256:abababab...   forward bpf   kex 2/s of 1050/s')
    for rate, text in ((0.0, '0'), (0.1, '0.1'), (1.25, '1.2'), (9.96, '10'), (262.4, '262')):
        equal(first(kex_per_sec=rate).split('   ')[-1], f'kex {text}/s of 1050/s')
    older = {**STATE, 'rsa': {k: v for k, v in STATE['rsa'].items() if not k.startswith('kex')}}
    true('kex' not in shown(lke, [], 80, older), 'an lked that does not say it')


HEADINGS = {'lbsa': 'local binding security associations (LBSAs)', 'bindings': 'bindings', 'routers': 'routers heard',
            'mobiles': 'mobiles served', 'agents': 'other home agents of the home link',
            'sequences': 'sequence numbers under the present key, and days left', 'limits': 'limits', 'interfaces': 'interfaces',
            'counters': 'counters', 'timers': 'timers'}


def op_show_of_a_part_is_that_part(lke):
    """Whatever else lked says; and a sentence when there is nothing."""
    words = ask(lke, 'help', 'show')[1]
    equal(sorted(HEADINGS), sorted(set(re.search(r'WHAT: ([a-z, \n]*)', words).group(1).replace(',', ' ').split()) - {'all'}))
    empty = {'schema': 'lke.show/1', 'roles': STATE['roles'], 'counters': {}, 'drops': {}}
    for what, heading in HEADINGS.items():
        for columns in (80, None):
            lines = shown(lke, [what], columns).splitlines()
            equal((lines[0], [x for x in lines[1:] if not x.startswith('  ') and x != 'dropped']), (heading, []))
            equal([x for x in lines if x.endswith(' ')], [])
        for roles in (STATE['roles'], []):
            lines = shown(lke, [what], 80, {**empty, 'roles': roles}).splitlines()
            equal((lines[0], len(lines), lines[1][:6]), (heading, 2, '  none'))
            lacks = not roles and what in ('lbsa', 'routers', 'mobiles', 'agents', 'sequences')
            equal('choose another with --run' in lines[1], lacks)
    true('router' not in shown(lke, ['bindings']) and address(2) not in shown(lke, ['routers']), 'another part')


def op_show_all_has_every_part_of_its_roles(lke):
    for roles, headings in ((STATE['roles'], ['access router', 'mobile node', 'home agent', 'sequence', 'limits', 'interfaces', 'counters',
                                              'dropped']),
                            (['mobile-node'], ['mobile node', 'limits', 'interfaces', 'counters', 'dropped'])):
        lines = shown(lke, ['all'], None, {**STATE, 'roles': roles}).splitlines()
        equal([[h for h in headings if x.startswith(h)] for x in lines if x[0] != ' '], [[h] for h in headings])


def op_a_part_comes_page_by_page(lke):
    """Its first rows are printed before lked is asked for the next ones; a page with wider addresses has its own heading."""
    pages = [['2001:db8::1', '2001:db8::2'], ['2001:db8::3'], [address(4)]]
    asked, printed = [], []

    def answer(request):
        k = request.get('from', 0)
        asked.append(request)
        printed.append(os.fstat(out.fileno()).st_size)
        j = {'schema': 'lke.show/1', 'roles': ['access-router'],
             'lbsas': [{'role': 'access-router', 'care_of_address': a, 'interface': 'wlan0', 'peer_link_layer': '02:00:00:00:0b:01',
                        'state': 'valid', 'bu_sequence': 7, 'expires_in': 60, 'bound': False} for a in pages[k]]}
        return {**j, 'next': {'lbsas': k + 1}} if k + 1 < len(pages) else j

    with tempfile.TemporaryFile('w+') as out:
        answered(answer, lambda d: subprocess.run([lke, '--run', d, 'show', 'lbsa'], stdout=out, check=True, timeout=30))
        out.seek(0)
        lines = out.read().splitlines()
    equal([r.get('from') for r in asked], [None, 1, 2])
    true(0 == printed[0] < printed[1] < printed[2], printed)
    equal([x.split()[0] for x in lines], ['local', 'mobile', '2001:db8::1', '2001:db8::2', '2001:db8::3', 'mobile', address(4)])


def op_show_sequences_has_both_limits_in_any_width(lke):
    for columns in (80, 300):
        true(re.search(r'^ .* 31000 +144\.0 +227 +455$', shown(lke, ['sequences'], columns), re.M), columns)


def screen(lke, columns):
    """The first screen of lke top on a terminal of that width."""
    def act(run_dir):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 30, columns, 0, 0))
        env = {k: v for k, v in os.environ.items() if k != 'COLUMNS'}
        with subprocess.Popen([lke, '--run', run_dir, 'top'], stdin=theirs, stdout=theirs, env=env) as p:
            os.close(theirs)
            text = b''
            while b'\033[J' not in text.split(b'\033[H')[-1]:
                text += os.read(ours, 4096)
            os.write(ours, b'q')
            equal(p.wait(20), 0)
        os.close(ours)
        return re.sub(r'\033\[[0-9?]*[A-Za-z]', '', text.decode()).replace('\r', '')
    return with_daemon(ANSWER, act)


def op_top_shows_whole_addresses(lke):
    narrow, wide = screen(lke, 80), screen(lke, 140)
    equal([x for x in narrow.splitlines() if len(x) > 80], [])
    true(re.search(rf'^{address(4)} .* 1m40s$\n  at {address(9)}$', narrow, re.M), narrow)
    true(re.search(rf'^{address(4)} {address(9)} .* 1m40s$', wide, re.M), wide)


def on_a_terminal(argv, env):
    """What a command prints on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 80, 0, 0))
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL, env=env) as p:
        os.close(theirs)
        text = b''
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # its other end is closed
                part = b''
            if not part:
                break
            text += part
        p.wait(20)
    os.close(ours)
    return text.decode().replace('\r', '')


def op_colour_on_a_terminal_only(lke):
    env = {k: v for k, v in os.environ.items() if k not in ('COLUMNS', 'NO_COLOR')}
    doctor = [lke, '-c', '/nonexistent/lke.conf', 'doctor', '--state', '/nonexistent']
    show = lambda e: with_daemon(ANSWER, lambda d: on_a_terminal([lke, '--run', d, 'show'], e))  # noqa: E731
    for text in (show(env), on_a_terminal(doctor, env)) if os.geteuid() == 0 else (show(env),):
        true('\033[' in text, text)
        equal([x for x in re.sub(r'\033\[[0-9;]*m', '', text).splitlines() if len(x) > 80], [])
    for text in (show(env | {'NO_COLOR': '1'}), on_a_terminal(doctor, env | {'NO_COLOR': '1'}), shown(lke, []),
                 with_daemon(ANSWER, lambda d: on_a_terminal([lke, '--run', d, 'show', '-j'], env)), ask(lke, *doctor[1:], env=env)[1]):
        true('\033' not in text, text)


TESTS = [op_colour_on_a_terminal_only, op_show_of_a_part_is_that_part, op_show_all_has_every_part_of_its_roles,
         op_a_part_comes_page_by_page, op_show_fits_80_columns, op_audit_fits_80_columns, op_show_in_a_pipe_has_a_line_for_each_object,
         op_show_sequences_has_both_limits_in_any_width, op_first_screen_has_the_rate_of_key_exchanges,
         op_top_shows_whole_addresses]

if __name__ == '__main__':
    sys.exit(run(TESTS, *sys.argv[1:]))
