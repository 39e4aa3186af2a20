#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke check, showconf and diff on files in a directory of their own."""
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import equal, run, true  # noqa: E402

AR = '[AccessRouter]\nInterface = wlan0\nMaxLifetime = 3600s # short\n'


class Place:
    """A configuration, its directory and a run directory."""

    def __init__(self, lke, main, **more):
        self.dir = tempfile.TemporaryDirectory(prefix='lke-conf-')
        self.lke = lke
        self.conf = self.dir.name + '/lke.conf'
        self.write('lke.conf', main)
        for name, text in more.items():
            self.write(f'lke.conf.d/{name}.conf', text)

    def write(self, name, text):
        path = os.path.join(self.dir.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)
        os.chmod(path, 0o600)

    def ask(self, *argv):
        p = subprocess.run([self.lke, '--run', self.dir.name, '-c', self.conf, *argv], capture_output=True, text=True)
        return p.returncode, p.stdout.replace(self.dir.name + '/', ''), p.stderr.replace(self.dir.name + '/', '')


def op_showconf_merges_the_files_and_names_their_lines(lke):
    p = Place(lke, AR, b='[Daemon]\nTun = tun7\n', a='[AccessRouter]\nInterface = wlan1\n')
    code, out, err = p.ask('showconf')
    equal((code, err), (0, ''))
    lines = [re.sub(r'\s+', ' ', l) for l in out.splitlines() if l]
    equal(lines, ['[AccessRouter] # lke.conf:1', 'Interface = wlan0 # lke.conf:2', 'MaxLifetime = 3600s # lke.conf:3',
                  '[AccessRouter] # lke.conf.d/a.conf:1', 'Interface = wlan1 # lke.conf.d/a.conf:2',
                  '[Daemon] # lke.conf.d/b.conf:1', 'Tun = tun7 # lke.conf.d/b.conf:2'])


def op_showconf_is_a_configuration_that_says_the_same(lke):
    p = Place(lke, AR, a='[Daemon]\nTun = tun7\n')
    first = p.ask('showconf')[1]
    again = Place(lke, first)
    code, out, _ = again.ask('showconf')
    bare = [[re.sub(r'\s*#.*', '', l) for l in t.splitlines()] for t in (first, out)]
    equal((code, bare[0]), (0, bare[1]))


def op_showconf_never_reads_out_a_key(lke):
    p = Place(lke, '[HomeAgent]\nInterface = lo\n[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n')
    key = subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout
    p.write('a.key', key)
    code, out, err = p.ask('showconf')
    equal((code, err), (0, ''))
    true('Key = a.key' in out, out)  # its whole path, without the place of the test
    secrets = re.findall(r'-key-to-.. = ([0-9a-f]+)', key)
    equal((len(secrets), [s for s in secrets if s in out]), (4, []))


def op_another_user_is_told_to_be_root(lke):
    """Not to give itself the keys; nor is there a key log where it may not write."""
    if os.geteuid():
        return
    p = Place(lke, '[HomeAgent]\nInterface = lo\n[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n')
    p.write('a.key', subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout)
    copy = shutil.copy(lke, p.dir.name)  # where that user may run it
    for name, mode in (('', 0o755), ('lke.conf', 0o644), ('a.key', 0o600)):
        os.chmod(os.path.join(p.dir.name, name), mode)
    shutil.copy(os.path.join(os.path.dirname(lke), '..', 'daemon', 'lked'), p.dir.name)
    p.write('closed.conf', '[AccessRouter]\nInterface = wlan0\n')
    closed = p.dir.name + '/closed.conf'
    for argv in (['check', closed], ['showconf', closed], ['-c', closed, 'export', '2001:db8::1'], ['-c', closed, 'rekey', '2001:db8::1']):
        r = subprocess.run([copy, *argv], capture_output=True, text=True, user=64999, group=64999, extra_groups=[])
        equal((argv, r.returncode, 'closed.conf: error: user 64999 may not read it; be root, or' in r.stdout + r.stderr), (argv, 5, True))
    r = subprocess.run([copy, 'check', '-j', closed], capture_output=True, text=True, user=64999, group=64999, extra_groups=[])
    equal((r.returncode, json.loads(r.stdout)['right']), (5, False))
    for argv, want, word in ((['-c', p.conf, 'export', '2001:db8::1'], 5, 'a.key: error: user 64999 may not read it; be root'),
                             (['keylog', 'on', p.dir.name + '/keys'], 5, 'Permission denied; be root')):
        r = subprocess.run([copy, *argv], capture_output=True, text=True, user=64999, group=64999, extra_groups=[])
        equal((argv, r.returncode, r.stdout, word in r.stderr), (argv, want, '', True))


def op_keys_that_root_makes_are_for_lked(lke):
    """As a service lked is no root: the keys of lke rekey and lke import are its own, as are those that were there."""
    if os.geteuid():
        return
    nobody = pwd.getpwnam('nobody').pw_uid
    conf = '[Daemon]\nUser = nobody\n[HomeAgent]\nInterface = lo\n'

    def owner(place, name):
        st = os.stat(os.path.join(place.dir.name, name))
        return st.st_uid, st.st_mode & 0o777
    p, other = Place(lke, conf + '[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n'), Place(lke, conf)
    p.write('a.key', subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout)
    os.chown(p.dir.name + '/a.key', nobody, -1)
    policy, newer = other.dir.name + '/policy', other.dir.name + '/newer'
    equal(p.ask('export', '2001:db8::1', policy)[0], 0)
    equal(p.ask('rekey', '2001:db8::1')[0], 0)
    equal((owner(p, 'a.key'), owner(p, 'a.key.next')), ((nobody, 0o600),) * 2)
    equal(p.ask('export', '2001:db8::1', newer)[0], 0)
    equal(os.stat(newer).st_uid, 0)  # not for lked
    os.mkdir(other.dir.name + '/mobiles', 0o755)
    os.chown(other.dir.name + '/mobiles', nobody, -1)
    equal(other.ask('import', policy)[0], 0)
    equal((owner(other, 'mobiles/a.key'), owner(other, 'lke.conf.d')[1] & 0o5), ((nobody, 0o600), 5))
    # That key is seen, though it is not root's: it is not replaced by one of its own generation, and the next one waits beside it.
    code, _, err = other.ask('import', policy)
    equal((code, 'has key generation 1 already' in err), (1, True))
    equal(other.ask('import', newer)[0], 0)
    equal(owner(other, 'mobiles/a.key.next'), (nobody, 0o600))
    with open(other.dir.name + '/mobiles/a.key') as f:
        true('generation = 1' in f.read(), 'the present key was replaced')
    # One that lked does not take may be a newer one.
    os.chmod(other.dir.name + '/mobiles/a.key', 0o644)
    code, _, err = other.ask('import', newer)
    equal((code, 'mobiles/a.key cannot be read' in err), (1, True))
    # A mobile node's is among lked's own, too.
    node = Place(lke, '[Daemon]\nUser = nobody\n[MobileNode]\nInterface = lo\nLocalOnly = yes\n')
    os.mkdir(node.dir.name + '/mobiles', 0o755)
    os.chown(node.dir.name + '/mobiles', nobody, -1)
    code, out, _ = node.ask('import', policy)
    equal((code, 'Key = mobiles/a.key' in out, owner(node, 'mobiles/a.key')), (0, True, (nobody, 0o600)))


def op_a_wrong_file_is_not_shown_but_reported_whole(lke):
    p = Place(lke, AR + 'Finishd = yes\nMtu = 1\n')
    code, out, err = p.ask('showconf')
    equal((code, out), (3, ''))
    true("lke.conf:4: error: unknown key 'Finishd' in [AccessRouter]; did you mean 'Finished'?" in err, err)
    true('lke.conf:5: error: Mtu = 1 is out of range' in err, err)


def op_diff_without_a_daemon(lke):
    for command in (['diff'], ['diff', '/dev/null'], ['reload'], ['confirm'], ['undo']):
        code, out, err = Place(lke, AR).ask(*command)
        equal((code, out), (4, ''))
        true('lked does not run' in err, err)


def op_diff_of_a_file_names_what_changed(lke):
    p = Place(lke, AR, a='[AccessRouter]\nInterface = wlan1\nMtu = 1400\n')
    p.write('running.conf', p.ask('showconf')[1])
    conf = p.conf
    same = 'no difference; the keys in key files were not compared\n'
    equal(p.ask('diff', conf), (0, same, ''))
    # Where a line stands is no difference.
    p.write('lke.conf', '# a comment\n\n' + AR)
    equal(p.ask('diff', conf)[1], same)
    p.write('lke.conf.d/a.conf', '[AccessRouter]\nInterface = wlan1\nMtu = 1300\nFinished = no\n')
    code, out, err = p.ask('diff', conf)
    equal((code, err), (0, ''))
    equal(out.splitlines()[:-1], ['+ [AccessRouter] wlan1: Finished = no', '+ [AccessRouter] wlan1: Mtu = 1300',
                                  '- [AccessRouter] wlan1: Mtu = 1400'])
    p.write('lke.conf', AR + '[Daemon]\nTun = lke1\n')
    true('    needs a restart of lked: the device' in p.ask('diff', conf)[1], p.ask('diff', conf)[1])
    p.write('lke.conf', AR + 'nonsense\n')
    equal(p.ask('diff', conf)[:2], (3, ''))


def op_reload_is_used_as_its_help_says(lke):
    for words in (['--confirm-within'], ['--confirm-within', '0'], ['--confirm-within', '25h'], ['--confirm-within', 'x'], ['now']):
        equal(Place(lke, AR).ask('reload', *words)[0], 2)


TESTS = [v for k, v in list(globals().items()) if k.startswith('op_')]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
