#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke(1) without a daemon: help, usage, suggestions, exit codes.  Argument: the program."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

from tap import equal, run, true

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def ask(lke, *args, env=None):
    p = subprocess.run([lke, *args], text=True, capture_output=True, timeout=30, env=env)
    return p.returncode, p.stdout, p.stderr


def command_names(lke):
    """What the table has, by the help that is printed from it."""
    return re.findall(r'^  ([a-z][a-z-]*)(?: |$)', ask(lke, 'help')[1], re.M)


def op_help_fits_80_columns(lke):
    code, out, err = ask(lke, 'help')
    equal((code, err), (0, ''))
    equal([line for line in out.splitlines() if len(line) > 80], [])
    true('\x1b' not in out, 'colour, but no terminal')


def op_every_command_has_help(lke):
    names = command_names(lke)
    true(set('show status monitor top serve doctor check showconf diff reload confirm undo handover attach leave kex flush suspend '
             'resume rekey export import genkey decode keylog audit support-bundle version help'.split()) <= set(names), names)
    # One file each.
    for name in names:
        file = name.replace('-', '_')
        true(f'int cmd_{file}(' in open(os.path.join(ROOT, 'src', 'ctl', file + '.c')).read(), name)
    equal(len(names), len(set(names)))
    for name in names:
        code, out, err = ask(lke, 'help', name)
        equal((code, err), (0, ''))
        true(out.startswith(f'usage: lke {name}'), out)
        equal(ask(lke, name, '--help'), (0, out, ''))
        equal([line for line in out.splitlines() if len(line) > 80], [])


def op_manual_has_every_command(lke):
    page = open(os.path.join(ROOT, 'man', 'lke.1')).read()
    items = ' '.join(line for line in page.splitlines() if line.startswith('.It '))
    for name in command_names(lke):
        true(re.search(rf'\bCm {name}\b|, {name}\b', items), f'lke.1 has no item for {name}')
        for option in re.findall(r'(?<![\w-])-(-?[a-z]+)', ask(lke, 'help', name)[1].splitlines()[0]):
            true(re.search(rf'\bFl {option}\b', page), f'lke.1 does not have -{option} of {name}')


def op_misspelt_command_is_corrected(lke):
    code, out, err = ask(lke, 'mointor')
    equal((code, out), (2, ''))
    true("did you mean 'monitor'?" in err, err)
    code, out, err = ask(lke, 'xyzzy')
    equal((code, out), (2, ''))
    true('lke help' in err, err)


def op_misspelt_part_and_option_say_what_there_is(lke):
    code, out, err = ask(lke, 'show', 'lbsas')
    equal((code, out), (2, ''))
    true("nothing is named 'lbsas'; did you mean 'lbsa'?" in err, err)
    err = ask(lke, 'show', 'xyzzy')[2]
    true('lke: WHAT is one of: all, lbsa, bindings, routers, mobiles, agents, sequences, limits, interfaces, counters, timers\n' in err, err)
    for argv in (['--bogus'], ['-c']):
        code, out, err = ask(lke, *argv)
        equal((code, out, err.splitlines()[-1]), (2, '', 'see: lke help'))


def op_wrong_arguments_exit_2_and_say_how(lke):
    for argv in (['show', 'nothing'], ['status', 'x'], ['monitor', 'x'], ['handover', '--to'],
                 ['handover', '--to', 'x'], ['kex', 'x'], ['attach', 'a', 'b'], ['leave'], ['flush', 'lbsa'], ['flush', 'x', '::1'],
                 ['flush', 'lbsa', 'x'], ['suspend'], ['suspend', 'x'], ['resume', '1.2.3.4'], ['check', 'a', 'b'],
                 ['genkey', '--integrity', 'x'], ['keylog'], ['keylog', 'on'], ['keylog', 'off', 'x'], ['decode'], ['decode', 'a', 'b'],
                 ['decode', 'a', '--svg'], ['version', 'x'], ['help', 'a', 'b']):
        code, out, err = ask(lke, '--run', '/nonexistent', *argv)
        equal((argv, code, out), (argv, 2, ''))
        true(f'usage: lke {argv[0]}' in err, err)


def op_no_daemon_exits_4(lke):
    for argv in ([], ['show'], ['status'], ['monitor'], ['kex'], ['attach'], ['handover'], ['flush', 'lbsa', 'all']):
        code, out, err = ask(lke, '--run', '/nonexistent', *argv)
        equal((argv, code, out), (argv, 4, ''))
        true('does not run' in err, err)


def with_daemon(answer, act):
    """Whoever connects gets answer and is closed, read or not."""
    with tempfile.TemporaryDirectory() as run_dir:
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.path.join(run_dir, 'ctl.sock'))
        server.listen(8)

        def serve():
            try:
                while True:
                    peer, _ = server.accept()
                    try:
                        peer.sendall(answer)
                    except BrokenPipeError:
                        pass  # it only wanted to know whether somebody listens
                    peer.close()
            except OSError:
                pass
        threading.Thread(target=serve, daemon=True).start()
        try:
            return act(run_dir)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def op_refusals_become_exit_codes(lke):
    for code in range(1, 10):
        text = b'{"ok":false,"error":"so it is","code":%d}\n' % code
        for argv in (['status'], ['show', '-j'], ['kex'], ['monitor']):
            got = with_daemon(text, lambda d: ask(lke, '--run', d, *argv))
            equal((argv, got), (argv, (code, '', 'lke: so it is\n')))


def op_silent_daemon_is_no_success(lke):
    for text in (b'', b'{"half', b'what\n', b'[]\n'):
        for argv in (['status'], ['show'], ['show', '-j'], ['kex'], ['monitor']):
            code, out, err = with_daemon(text, lambda d: ask(lke, '--run', d, *argv))
            equal((text, argv, code, out), (text, argv, 1, ''))
            true(err.startswith('lke: '), err)


def answered(answer, act):
    """Each request, an object, is answered by answer(request), an object."""
    with tempfile.TemporaryDirectory() as run_dir:
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.path.join(run_dir, 'ctl.sock'))
        server.listen(8)

        def serve():
            try:
                while True:
                    peer, _ = server.accept()
                    with peer, peer.makefile('rw') as f:
                        f.write(json.dumps(answer(json.loads(f.readline()))) + '\n')
            except OSError:
                pass
        threading.Thread(target=serve, daemon=True).start()
        try:
            return act(run_dir)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def op_show_asks_page_by_page(lke):
    """A daemon gives no more than a page; what is printed has all of them, and no cursor."""
    asked = []

    def answer(request):
        asked.append((request.get('what'), request.get('from')))
        at = request.get('from', 0)
        j = {'schema': 'lke.show/1', 'roles': [], 'lbsas': [{'care_of_address': f'2001:db8::{at + k:x}'} for k in range(2)]}
        return {**j, 'next': {'lbsas': at + 2}} if at < 4 else j

    def act(run_dir):
        code, out, err = ask(lke, '--run', run_dir, 'show', 'lbsa', '-j')
        equal((code, err, asked), (0, '', [('lbsa', None), ('lbsa', 2), ('lbsa', 4)]))
        shown = json.loads(out)
        equal([x['care_of_address'] for x in shown['lbsas']], [f'2001:db8::{k:x}' for k in range(6)])
        true('next' not in shown, shown)
        asked.clear()
        equal(ask(lke, '--run', run_dir)[0], 0)
        equal(asked, [(None, None)])  # a first screen is one question
        for last in (['--run', run_dir], ['--run=' + run_dir], ['-c', '/nonexistent', '--run', run_dir]):
            equal((last, ask(lke, 'show', 'lbsa', *last)[0]), (last, 0))
        equal(ask(lke, 'show', '--run')[0], 2)
    answered(answer, act)


def op_genkey_writes_a_key(lke):
    code, out, err = ask(lke, 'genkey')
    equal((code, err), (0, ''))
    true(re.search(r'^integrity-key-to-ha = [0-9a-f]{64}$', out, re.M), 'no key')
    true(out != ask(lke, 'genkey')[1], 'the same key twice')


def op_output_that_finds_no_room_is_an_error(lke):
    for argv in (('genkey',), ('genkey', '-j'), ('help', '-j')):
        with open('/dev/full', 'w') as full:
            p = subprocess.run([lke, *argv], stdout=full, stderr=subprocess.PIPE, text=True)
        equal((argv, p.returncode, p.stderr.count('\n'), 'is there room?' in p.stderr), (argv, 1, 1, True))


TESTS = [op_help_fits_80_columns, op_every_command_has_help, op_manual_has_every_command,
         op_misspelt_command_is_corrected, op_misspelt_part_and_option_say_what_there_is, op_wrong_arguments_exit_2_and_say_how, op_no_daemon_exits_4,
         op_refusals_become_exit_codes, op_silent_daemon_is_no_success, op_show_asks_page_by_page, op_genkey_writes_a_key,
         op_output_that_finds_no_room_is_an_error]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
