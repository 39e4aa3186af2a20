#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke doctor: faults one by one in namespaces of this test, each named with its remedy.  Argument: the program."""
import contextlib
import ctypes
import errno
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

from commands import with_daemon
from config import Place
from tap import equal, run, true

try:
    import schema
except ImportError:
    schema = None

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
AR = '[AccessRouter]\nInterface = wlan0\n'
HA = '[HomeAgent]\nInterface = wlan0\n%s[Mobile a]\nHomeAddress = 2001:db8:1::5\nKey = a.key\n'
MN = '[MobileNode]\nInterface = wlan0\nLocalOnly = yes\n'


def sh(*argv, text=None):
    p = subprocess.run(argv, input=text, text=True, capture_output=True)
    if p.returncode:
        raise OSError(f'{argv}: {p.stderr.strip()}')


def sysctl(where, key, value):
    with open(f'/proc/sys/net/ipv6/conf/{where}/{key}', 'w') as f:
        f.write(str(value))


def tun(mode):
    with contextlib.suppress(FileNotFoundError):
        os.unlink('/dev/net/tun')
    if mode:
        os.mknod('/dev/net/tun', 0o020000 | mode, os.makedev(10, 200))
        os.chmod('/dev/net/tun', mode)


def own_namespaces():
    """None, or why there are none."""
    if os.geteuid() != 0:
        return 'not root'
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        return os.strerror(ctypes.get_errno())
    try:
        sh('mount', '--make-rprivate', '/')
        for where in ('/dev/net', '/run'):
            sh('mount', '-t', 'tmpfs', 'none', where)
        tun(0o666)
        with open('/dev/net/tun', 'rb+', buffering=0):
            pass
        # What this host has there is no part of the test.
        if os.path.isdir('/var/lib/lke'):
            sh('mount', '-t', 'tmpfs', '-o', 'mode=0700', 'none', '/var/lib/lke')
        sh('nft', 'list', 'ruleset')
        link()
    except OSError as e:
        return str(e)
    return None


def link():
    """wlan0 as an access router wants it."""
    sh('ip', 'link', 'add', 'wlan0', 'type', 'veth', 'peer', 'name', 'far0')
    sh('ip', 'link', 'set', 'far0', 'up')
    sh('ip', 'link', 'set', 'wlan0', 'up')
    sysctl('all', 'forwarding', 1)
    sh('ip', 'address', 'add', '2001:db8:1::1/64', 'dev', 'wlan0', 'nodad')


@contextlib.contextmanager
def changed(do, undo):
    do()
    try:
        yield
    finally:
        undo()


def new_link():
    subprocess.run(['ip', 'link', 'del', 'wlan0'], capture_output=True)
    link()


@contextlib.contextmanager
def process(place, name, *argv):
    """A process of that name in our network namespace."""
    place.write(name, '#!/usr/bin/python3\nimport time\ntime.sleep(60)\n')
    path = os.path.join(place.dir.name, name)
    os.chmod(path, 0o700)
    p = subprocess.Popen([path, *argv])
    deadline = time.monotonic() + 10
    while open(f'/proc/{p.pid}/comm').read().strip() != name[:15]:
        true(time.monotonic() < deadline, f'{name} does not run')
        time.sleep(0.01)
    try:
        yield
    finally:
        p.kill()
        p.wait()


def doctor(place, *argv):
    """Exit code and what is not well, as [(verdict, check, found, remedy)]; the text must say the same as the JSON."""
    state = place.dir.name + '/state'
    code, out, err = place.ask(*argv, 'doctor', '--state', state, '-j')
    equal(err, '')
    j = json.loads(out)
    if schema:
        equal(schema.problems(j), [])
    bad = [(c['verdict'], c['check'], c['found'], c['remedy']) for c in j['checks'] if c['verdict'] != 'ok']
    equal((j['healthy'], j['kernel_lacks']), (not bad, code == 9 or (code == 3 and j['kernel_lacks'])))
    text_code, text, err = place.ask(*argv, 'doctor', '--state', state)
    equal((text_code, err), (code, ''))
    for _, _, found, remedy in bad:
        true(remedy and not re.search('INTERFACE|FILE|DIRECTORY', remedy), 'nobody can type this: ' + str(remedy))
        true(found in text and '-> ' + remedy in text, text)
    narrow_is_the_same(text, narrow(place, *argv, 'doctor', '--state', state), [remedy for *_, remedy in bad])
    return code, bad


def narrow(place, *argv):
    os.environ['COLUMNS'] = '80'
    try:
        return place.ask(*argv)[1]
    finally:
        del os.environ['COLUMNS']


def narrow_is_the_same(text, lines, remedies):
    """In 80 columns the same words; only a word or a command that is longer by itself makes a longer line."""
    equal(text.split(), lines.split())
    commands = [c for r in remedies for c in re.findall(': ([^;]*)', r)]
    for line in lines.splitlines():
        true(len(line) <= 80 or line.strip() in commands or ' ' not in line.strip(), line)
    for command in commands:
        true(command in lines, 'this cannot be copied: ' + command + '\n' + lines)


def fault(place, code, *wanted, argv=()):
    """Exactly these faults: (verdict, check, words of what was found, words of the remedy)."""
    got_code, got = doctor(place, *argv)
    equal((got_code, [g[:2] for g in got]), (code, [w[:2] for w in wanted]))
    for g, w in zip(got, wanted):
        true(w[2] in g[2], (w[2], g[2]))
        true(w[3] in g[3], (w[3], g[3]))


def op_doctor_of_a_sound_host(lke):
    p = Place(lke, AR)
    equal(doctor(p), (0, []))
    out = p.ask('doctor')[1]
    for subject in ('configuration', 'permissions', 'state', 'clock', 'IPv6', 'TUN', 'packet sockets', 'policy routing', 'nftables',
                    'forwarding', 'sysctls', 'interface', 'other daemons', 'firewall', 'lked'):
        true(f'OK    {subject}' in out, (subject, out))
    true('proxy_ndp is 0 and stays so' in out, out)
    true('by BPF (Forward = auto)' in out or 'by the TUN device alone (Forward = auto)' in out, out)
    equal(doctor(Place(lke, MN)), (0, []))
    equal(doctor(Place(lke, '[HomeAgent]\nInterface = wlan0\n'))[1][0][:2], ('warn', 'configuration'))


def op_doctor_of_a_wrong_configuration(lke):
    p = Place(lke, AR + 'Finishd = yes\nMtu = 1\n')
    fault(p, 3, ('fail', 'configuration', "lke.conf:3: error: unknown key 'Finishd'", 'lke check'),
          ('fail', 'configuration', 'lke.conf:4: error: Mtu', 'lke check'))


def op_doctor_of_permissions(lke):
    p = Place(lke, AR, more='[Daemon]\nTun = tun7\n')
    for name in ('lke.conf', 'lke.conf.d/more.conf'):
        path = f'{p.dir.name}/{name}'
        with changed(lambda: os.chmod(path, 0o620), lambda: os.chmod(path, 0o600)):
            fault(p, 8, ('fail', 'permissions', name + ' can be written by others', 'chmod go-w ' + name))
    os.mkdir(p.dir.name + '/state', 0o700)
    equal(doctor(p), (0, []))
    os.chmod(p.dir.name + '/state', 0o750)
    fault(p, 8, ('fail', 'state', 'mode 750', 'chmod 700 state; '))
    os.rmdir(p.dir.name + '/state')
    p.write('state', '')
    fault(p, 8, ('fail', 'state', 'is not a directory', 'Remove it'))


def home_agent(lke, more):
    p = Place(lke, HA % more)
    p.write('a.key', subprocess.run([lke, 'genkey'], capture_output=True, text=True, check=True).stdout)
    return p


def op_doctor_of_a_key_file(lke):
    p = home_agent(lke, 'Advertise = full\n')
    equal(doctor(p), (0, []))
    os.chmod(p.dir.name + '/a.key', 0o644)
    code, bad = doctor(p)
    equal((code, {b[:2] for b in bad}), (3, {('fail', 'configuration')}))
    true(any('a.key' in b[2] and 'chmod 600' in b[2] for b in bad), bad)


def op_doctor_of_the_clock(lke):
    p = Place(lke, AR)
    os.utime(p.conf, (time.time() + 9999, time.time() + 9999))
    fault(p, 8, ('warn', 'clock', 'the clock is behind', 'chrony'))


# What a test cannot make true on a host that others use, too.
OTHER_HOST = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
time_t time(time_t *t)
{
	struct timespec now;
	const char *text = getenv("TEST_TIME");
	time_t v;

	clock_gettime(CLOCK_REALTIME, &now);
	v = text ? atol(text) : now.tv_sec;
	if (t)
		*t = v;
	return v;
}
FILE *fopen(const char *path, const char *mode)
{
	FILE *(*real)(const char *, const char *) = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
	const char *legacy = getenv("TEST_LEGACY");

	return real(legacy && !strcmp(path, "/proc/net/ip6_tables_names") ? legacy : path, mode);
}
FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}
"""


@contextlib.contextmanager
def other_host(place, **environment):
    library = place.dir.name + '/other_host.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library, '-xc', '-', '-ldl'], input=OTHER_HOST, text=True, check=True)
    environment.update(LD_PRELOAD=library, ASAN_OPTIONS='verify_asan_link_order=0:' + os.environ.get('ASAN_OPTIONS', ''))
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def op_doctor_of_another_host(lke):
    """A clock that was never set; the tables of ip6tables-legacy."""
    if not shutil.which('cc'):
        return
    p = Place(lke, AR)
    with other_host(p, TEST_TIME='86400'):
        fault(p, 8, ('warn', 'clock', 'years behind', 'Set the clock'))
    p.write('tables', 'raw\nfilter\n')
    with other_host(p, TEST_LEGACY=p.dir.name + '/tables'):
        fault(p, 8, ('warn', 'firewall', 'rules of ip6tables-legacy', 'ip6tables-legacy -S'))
    p.write('tables', 'raw\n')
    with other_host(p, TEST_LEGACY=p.dir.name + '/tables'):
        equal(doctor(p), (0, []))


def op_doctor_of_the_tun_device(lke):
    p = Place(lke, AR)
    with changed(lambda: tun(0), lambda: tun(0o666)):
        fault(p, 9, ('fail', 'TUN', 'No such file', 'modprobe tun'))
    with changed(lambda: tun(0o600), lambda: tun(0o666)):
        fault(p, 8, ('warn', 'TUN', 'not for the user', 'chmod 666 /dev/net/tun'))
    # The configuration is wrong before the kernel is.
    with changed(lambda: tun(0), lambda: tun(0o666)):
        equal(doctor(Place(lke, 'x\n'))[0], 3)


def op_doctor_says_who_forwards(lke):
    true('Forward = tun' in Place(lke, AR + 'Forward = tun\n').ask('doctor')[1], 'Forward = tun')
    true('by BPF (Forward = bpf)' in Place(lke, AR + '[Daemon]\nForward = bpf\n').ask('doctor')[1], 'Forward = bpf')
    true('Forward = tun' in Place(lke, '[HomeAgent]\nInterface = wlan0\n[Daemon]\nForward = tun\n').ask('doctor')[1], 'a home agent')
    true('by BPF (Forward = auto)' in Place(lke, MN).ask('doctor')[1], 'a mobile node')


def op_doctor_of_sysctls(lke):
    p = Place(lke, AR)
    with changed(lambda: sysctl('all', 'forwarding', 0), new_link):
        fault(p, 8, ('warn', 'forwarding', 'all.forwarding is 0', '/etc/sysctl.d'))
    with changed(lambda: sysctl('wlan0', 'forwarding', 0), lambda: sysctl('wlan0', 'forwarding', 1)):
        fault(p, 8, ('warn', 'sysctls', 'wlan0.forwarding is 0', 'forwarding = 1'))
    with changed(lambda: sysctl('wlan0', 'disable_ipv6', 1), new_link):
        fault(p, 8, ('fail', 'sysctls', 'wlan0.disable_ipv6 is 1', 'net.ipv6.conf.wlan0.disable_ipv6 = 0'),
              ('fail', 'interface', 'no global IPv6 address', 'dev wlan0.'))


def op_doctor_of_interfaces(lke):
    p, mn = Place(lke, AR), Place(lke, MN)
    with changed(lambda: sh('ip', 'link', 'del', 'wlan0'), new_link):
        fault(p, 8, ('fail', 'interface', 'wlan0 does not exist', 'Correct Interface'))
    with changed(lambda: sh('ip', 'link', 'set', 'wlan0', 'down'), new_link):
        fault(mn, 8, ('fail', 'interface', 'wlan0 is down', 'ip link set wlan0 up'))
    with changed(lambda: sh('ip', 'link', 'set', 'wlan0', 'mtu', '1200'), new_link):
        fault(mn, 8, ('fail', 'interface', 'MTU of 1200', 'ip link set wlan0 mtu 1500'))
    with changed(lambda: sh('ip', 'address', 'flush', 'dev', 'wlan0'), new_link):
        fault(p, 8, ('fail', 'interface', 'no global IPv6 address', 'dev wlan0.'))
        equal(doctor(mn), (0, []))


@contextlib.contextmanager
def mounted(where, *options):
    """Something else at a place, in the mount namespace of this test."""
    sh('mount', *options, where)
    try:
        yield
    finally:
        sh('umount', where)


def op_doctor_of_a_link_without_carrier(lke):
    with changed(lambda: sh('ip', 'link', 'set', 'far0', 'down'), new_link):
        fault(Place(lke, MN), 8, ('warn', 'interface', 'wlan0 is up without a carrier', 'Plug the cable in'))


def op_doctor_of_read_only_sysctls(lke):
    """As in a container: lked could not set them itself."""
    p, mn = Place(lke, AR), Place(lke, MN)
    sysctl('wlan0', 'accept_ra', 1)
    sysctl('all', 'forwarding', 0)
    with changed(lambda: None, new_link), mounted('/proc/sys', '--bind', '/proc/sys'):
        sh('mount', '-o', 'remount,bind,ro', '/proc/sys')
        fault(p, 8, ('fail', 'forwarding', 'lked cannot set it', 'sysctl -w net.ipv6.conf.all.forwarding=1'))
        fault(mn, 8, ('fail', 'sysctls', 'takes Router Advertisements on wlan0 and lked cannot stop it', 'accept_ra = 0'))
    equal(doctor(p), (0, []))
    equal(doctor(mn), (0, []))


def op_doctor_of_a_kernel_without_ipv6(lke):
    with mounted('/proc/sys/net/ipv6', '-t', 'tmpfs', 'none'):
        fault(Place(lke, MN), 9, ('fail', 'IPv6', 'runs without IPv6', 'ipv6.disable=1'))


def op_doctor_of_a_forbidden_tun_device(lke):
    with changed(lambda: sh('mount', '-o', 'remount,nodev', '/dev/net'), lambda: sh('mount', '-o', 'remount,dev', '/dev/net')):
        fault(Place(lke, AR), 8, ('fail', 'TUN', 'Permission denied', 'in a container, allow the device'))


# Instructions of a seccomp filter: load a word, compare and jump, return.
LOAD, JUMP, RETURN = 0x20, 0x15, 0x06
NR_SOCKET, NR_BPF = {'x86_64': (41, 321), 'aarch64': (198, 280)}.get(os.uname().machine, (None, None))


def denied(*rules):
    """For preexec_fn: each (system call, error, arguments it must have as {index: value}) fails with the error."""
    program = []
    for call, error, arguments in rules:
        tests = [(0, call)] + [(16 + 8 * i, v) for i, v in arguments.items()]
        for n, (at, value) in enumerate(tests):
            left = 2 * (len(tests) - n) - 1
            program += [(LOAD, 0, 0, at), (JUMP, 0, left, value)]
        program.append((RETURN, 0, 0, 0x50000 | error))
    program.append((RETURN, 0, 0, 0x7fff0000))
    code = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *i) for i in program))
    libc = ctypes.CDLL(None)

    def install():
        fprog = ctypes.create_string_buffer(struct.pack('@HP', len(program), ctypes.addressof(code)))
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(fprog), 0, 0):
            os._exit(99)
    return install


@contextlib.contextmanager
def children(preexec):
    """What Place starts meanwhile does this first."""
    run_it = subprocess.run
    subprocess.run = lambda *a, **k: run_it(*a, preexec_fn=preexec, **k)
    try:
        yield
    finally:
        subprocess.run = run_it


def op_doctor_of_a_kernel_without_sockets(lke):
    """EAFNOSUPPORT and EPROTONOSUPPORT are the kernel's, EPERM those who started us."""
    if not NR_SOCKET:
        return
    p = Place(lke, AR)
    packet, nftables = {0: socket.AF_PACKET}, {0: socket.AF_NETLINK, 2: 12}
    with children(denied((NR_SOCKET, errno.EAFNOSUPPORT, packet))):
        fault(p, 9, ('fail', 'packet sockets', 'not supported', 'modprobe af_packet'))
    with children(denied((NR_SOCKET, errno.EPROTONOSUPPORT, nftables))):
        fault(p, 9, ('fail', 'nftables', 'not supported', 'CONFIG_NF_TABLES'))
    with children(denied((NR_SOCKET, errno.EPERM, packet))):
        fault(p, 8, ('fail', 'packet sockets', 'not permitted', 'CAP_NET_RAW'))
    raw_routing = {0: socket.AF_NETLINK, 1: socket.SOCK_RAW | socket.SOCK_CLOEXEC, 2: 0}
    with children(denied((NR_SOCKET, errno.EPROTONOSUPPORT, raw_routing))):
        code, bad = doctor(p)
        true(code == 9 and ('fail', 'policy routing') in [b[:2] for b in bad], bad)
        true(all('CONFIG_IPV6_MULTIPLE_TABLES' in b[3] for b in bad if b[1] == 'policy routing'), bad)


def op_doctor_of_bpf(lke):
    if not NR_BPF:
        return
    for error, code, words in ((errno.ENOSYS, 9, 'CONFIG_BPF_SYSCALL'), (errno.EPERM, 8, 'CAP_BPF')):
        with children(denied((NR_BPF, error, {}))):
            fault(Place(lke, AR + '[Daemon]\nForward = bpf\n'), code, ('fail', 'forwarding', 'Forward = bpf', words))
            equal(doctor(Place(lke, AR)), (0, []))
            true('by the TUN device alone (Forward = auto)' in Place(lke, AR).ask('doctor')[1], 'auto')


def op_doctor_without_capabilities(lke):
    """A container that has none: it is not the kernel's fault."""
    no = ctypes.CDLL(None)

    def drop():
        for capability in (12, 13):  # CAP_NET_ADMIN, CAP_NET_RAW
            no.prctl(24, capability, 0, 0, 0)
    with children(drop):
        fault(Place(lke, AR), 8, ('fail', 'packet sockets', 'not permitted', 'CAP_NET_RAW'),
              ('fail', 'nftables', 'not permitted', 'CAP_NET_ADMIN'))


def op_doctor_of_radvd(lke):
    p, augment = Place(lke, AR), Place(lke, AR + 'Advertise = augment\n')
    p.write('radvd.conf', 'interface eth9 { AdvSendAdvert on; };\ninterface wlan0\n{ AdvSendAdvert on; };\n')
    p.write('other.conf', 'interface eth9 { AdvSendAdvert on; };\n')
    with process(p, 'radvd', '-C', p.dir.name + '/radvd.conf'):
        fault(p, 8, ('fail', 'radvd', 'both advertise on wlan0', 'Advertise = augment'))
        equal(doctor(augment), (0, []))
        fault(Place(lke, MN), 8, ('warn', 'radvd', 'advertises on wlan0', 'no router on its links'))
    with process(p, 'radvd', '-C', p.dir.name + '/other.conf'):
        equal(doctor(p), (0, []))
        equal(doctor(Place(lke, MN)), (0, []))
        fault(augment, 8, ('warn', 'radvd', 'does not serve it', 'Add the interface to radvd.conf'))
    with process(p, 'radvd', '-C', '/nonexistent'):
        fault(p, 8, ('warn', 'radvd', 'cannot be read', 'Advertise = augment'))
    fault(augment, 8, ('warn', 'radvd', 'no radvd runs', 'Advertise = full'))
    with process(p, 'dnsmasq'):
        equal(doctor(augment), (0, []))
    # Nobody would hear of a home agent that only adds to what nobody says.
    home = home_agent(lke, '')
    fault(home, 8, ('warn', 'radvd', 'no radvd runs', 'Advertise = full in [HomeAgent]'))
    with process(p, 'radvd', '-C', p.dir.name + '/radvd.conf'):
        equal(doctor(home), (0, []))


def op_doctor_of_managers(lke):
    p, mn = Place(lke, AR), Place(lke, MN)
    index = socket.if_nametoindex('wlan0')

    def says(where, text):
        os.makedirs(where, exist_ok=True)
        with open(f'{where}/{index}', 'w') as f:
            f.write(text)
    with process(p, 'NetworkManager'):
        says('/run/NetworkManager/devices', '[device]\nmanaged=true\n')
        fault(mn, 8, ('fail', 'NetworkManager', 'manages wlan0', 'nmcli device set wlan0 managed no'))
        fault(p, 8, ('warn', 'NetworkManager', 'manages wlan0', 'nmcli device set wlan0 managed no'))
        says('/run/NetworkManager/devices', '[device]\nmanaged=false\n')
        equal(doctor(mn), (0, []))
    with process(p, 'systemd-networkd'):
        says('/run/systemd/netif/links', 'ADMIN_STATE=configured\n')
        fault(mn, 8, ('fail', 'systemd-networkd', 'manages wlan0', 'Unmanaged=yes'))
        says('/run/systemd/netif/links', 'ADMIN_STATE=configuring\n')
        fault(mn, 8, ('fail', 'systemd-networkd', 'manages wlan0', 'Unmanaged=yes'))
        says('/run/systemd/netif/links', 'ADMIN_STATE=unmanaged\n')
        equal(doctor(mn), (0, []))
        equal(doctor(p), (0, []))
        network = p.dir.name + '/lan.network'
        says('/run/systemd/netif/links', f'ADMIN_STATE=configured\nNETWORK_FILE={network}\n')
        augment = Place(lke, AR + 'Advertise = augment\n')
        p.write('lan.network', '[Network]\nIPv6SendRA = yes\n')
        fault(p, 8, ('fail', 'systemd-networkd', 'both advertise on wlan0', 'IPv6SendRA=no'))
        equal(doctor(augment), (0, []))
        p.write('lan.network', '[Network]\nIPv6SendRA=no\n')
        equal(doctor(p), (0, []))
        fault(augment, 8, ('warn', 'radvd', 'no radvd runs', 'Advertise = full'))
    with process(p, 'dhcpcd'):
        fault(mn, 8, ('warn', 'dhcpcd', 'on wlan0', 'denyinterfaces wlan0'))
        equal(doctor(p), (0, []))
    with process(p, 'mip6d'):
        fault(p, 8, ('fail', 'mobile IPv6', 'mip6d', 'Stop it'))


def ruleset(*lines, hook='forward', policy='drop', family='inet', more=''):
    return (f'table {family} host {{\n{more}\nchain base {{\ntype filter hook {hook} priority 0; policy {policy};\n' +
            '\n'.join(lines) + '\n}\n}\n')


TUNNELS = 'TCP out of the tunnels'
SIGNALS = {'ICMPv6', 'the Mobility Header', 'ESP'}
ALL = SIGNALS | {TUNNELS}
RULESETS = [
    (ruleset('meta l4proto 135 drop', 'meta l4proto 50 drop'), ALL),
    (ruleset(), ALL),
    (ruleset(policy='accept'), set()),
    (ruleset(family='ip6'), ALL),
    (ruleset(family='ip'), set()),
    (ruleset('ct state established,related accept', 'ip6 saddr 2001:db8::/32 accept', 'tcp dport 22 accept'), SIGNALS),
    (ruleset('ct state established,related accept', 'ct state invalid drop'), ALL),
    (ruleset('ct state { new, established } accept'), SIGNALS),
    (ruleset('iifname "lke0" accept'), SIGNALS),
    (ruleset('oifname "eth9" accept'), SIGNALS),
    (ruleset('tcp dport 22 accept'), SIGNALS),
    (ruleset('meta l4proto { ipv6-icmp, 135 } accept'), {'ESP', TUNNELS}),
    (ruleset('ip6 nexthdr 50 accept', 'icmpv6 type { 1, 2, 3, 4 } accept'), {'the Mobility Header', TUNNELS}),
    (ruleset('meta l4proto != 135 accept'), {'the Mobility Header'}),
    (ruleset('meta l4proto 48-60 accept'), {'the Mobility Header', TUNNELS}),
    (ruleset('mh type 5 accept', 'esp spi 0-9999 accept', 'meta l4proto 58 accept'), {TUNNELS}),
    (ruleset('iifname "wlan0" accept'), {TUNNELS}),
    (ruleset('iifname "wl*" accept'), {TUNNELS}),
    (ruleset('iifname "eth9" accept'), ALL),
    (ruleset('iifname != "wlan0" accept'), SIGNALS),
    (ruleset('counter accept'), set()),
    (ruleset('meta l4proto 135 counter drop', policy='accept'), {'the Mobility Header'}),
    (ruleset('meta l4proto 50 ip6 saddr 2001:db8::/32 drop', policy='accept'), set()),
    (ruleset('iifname "lke*" drop', policy='accept'), {TUNNELS}),
    (ruleset('meta nfproto ipv4 accept', 'reject', policy='accept'), ALL),
    (ruleset('jump mobility', more='chain mobility { meta l4proto { 50, 135 } accept; }'), {'ICMPv6', TUNNELS}),
    (ruleset('iifname vmap { "wlan0" : jump mobility }', more='chain mobility { meta l4proto { 50, 135 } accept; }'), set()),
    (ruleset('meta l4proto @mine accept', more='set mine { type inet_proto; elements = { 135 }; }'), set()),
    (ruleset(hook='input'), {'ICMPv6'}),
    (ruleset('icmpv6 type { 133-137 } accept', hook='input'), set()),
    (ruleset(hook='output'), set()),
]


def op_doctor_of_firewalls(lke):
    p = Place(lke, AR)
    for text, wanted in RULESETS:
        with changed(lambda: sh('nft', '-f', '-', text=text), lambda: sh('nft', 'flush', 'ruleset')):
            code, bad = doctor(p)
            equal((text, {b[:2] for b in bad}), (text, {('warn', 'firewall')} if wanted else set()))
            equal((text, code, {w for w in ALL for b in bad if f' drops {w} ' in b[2]}), (text, 8 if wanted else 0, wanted))
            # What it advises is right: after it the doctor finds nothing.
            for b in bad:
                sh('nft', *re.search('nft (insert rule .*)[.]$', b[3])[1].split())
            equal((text, doctor(p)), (text, (0, [])))
    # A mobile node forwards nothing.
    with changed(lambda: sh('nft', '-f', '-', text=ruleset()), lambda: sh('nft', 'flush', 'ruleset')):
        equal(doctor(Place(lke, MN)), (0, []))


def op_doctor_of_lked(lke):
    p = Place(lke, AR)
    with process(p, 'lked'):
        fault(p, 8, ('warn', 'lked', 'runs here, but not at', '--run'))
    answer = b'{"ok":true,"schema":"lke.status/1","healthy":false,"why":"the moon is full"}\n'
    with_daemon(answer, lambda d: fault(p, 8, ('warn', 'lked', 'the moon is full', 'lke-troubleshooting(7)'), argv=('--run', d)))
    code, out, _ = with_daemon(b'nonsense\n', lambda d: p.ask('--run', d, 'doctor'))
    true(code == 8 and 'FAIL  lked' in out and 'does not answer' in out and 'systemctl restart lked' in out, out)
    fault(p, 8, ('fail', 'lked', 'File name too long', '--run'), argv=('--run', '/' + 'x' * 200))
    answer = answer.replace(b'false', b'true')
    equal(with_daemon(answer, lambda d: doctor(p, '--run', d)), (0, []))


def op_doctor_changes_nothing(lke):
    p = Place(lke, AR)

    def seen():
        return [subprocess.run(a, capture_output=True, text=True, check=True).stdout for a in (
            ['ip', 'link'], ['ip', '-6', 'address'], ['ip', '-6', 'rule'], ['nft', 'list', 'ruleset'], ['ls', '-lAR', p.dir.name])]
    before = seen()
    equal(p.ask('doctor')[0], 0)
    equal(seen(), before)


TESTS = [v for k, v in list(globals().items()) if k.startswith('op_')]

if __name__ == '__main__':
    why = own_namespaces()
    if why:
        print(f'1..0 # SKIP no namespaces: {why}')
        sys.exit(0)
    sys.exit(run(TESTS, sys.argv[1]))
