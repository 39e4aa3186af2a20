# SPDX-License-Identifier: ISC
"""Lab test: every command that the manual and README.md show is run as it stands there, beside running daemons.

Each node has a mount namespace in which its own configuration, state and control socket are at the default places.
"""
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "ctl"))
import decode	# noqa: E402
import examples	# noqa: E402
import service	# noqa: E402
from nodes import AR_CONF, write	# noqa: E402
from restart_tests import failures	# noqa: E402
from scenario import Story	# noqa: E402
from topology import HOME_ADDRESS, LabError, SLOW, wait_for	# noqa: E402

PLACEHOLDERS = {"HOMEADDRESS": HOME_ADDRESS}
# What this test cannot run: they are the whole of it, or what it is part of.
WHOLE = {"./demo", "./check"}
SETUP = """set -e
mkdir -p @T@; mount -t tmpfs none @T@; mkdir @T@/netns; mount --rbind /run/netns @T@/netns
for d in etc run var/lib usr/share root; do
	mkdir -p @T@/up/$d @T@/scratch/$d
	mount -t overlay none -o lowerdir=/$d,upperdir=@T@/up/$d,workdir=@T@/scratch/$d /$d
done
mkdir -p /run/netns; mount -t tmpfs none /run/netns
for n in @T@/netns/@NS@-*; do touch /run/netns/${n##*/}; mount --bind $n /run/netns/${n##*/}; done
touch /run/netns/mn; mount --bind @T@/netns/@NS@-mn /run/netns/mn
mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200	# as udev does
mkdir -p /etc/lke /run/lke /var/lib/lke /usr/share/lke/wireshark
mount --bind @DIR@ /etc/lke; mount --bind @DIR@/run /run/lke; mount --bind @DIR@/state /var/lib/lke
for n in ar1 ar2 mn; do mkdir /run/lke-$n; mount --bind @LAB@/$n/run /run/lke-$n; done
cp @ROOT@/packaging/wireshark/lke.lua /usr/share/lke/wireshark
echo ready
exec sleep 600
"""


def interruptible():
	"""As from a shell at a terminal, however this test was started itself: one in the background ignores SIGINT."""
	signal.signal(signal.SIGINT, signal.SIG_DFL)


class Host:
	"""One node, as somebody at its shell finds it."""

	def __init__(self, story, name):
		self.node, self.dir = story.lab[name], os.path.join(story.lab.dir, "at-" + name)
		self.bin = os.path.join(story.lab.dir, "bin")
		os.makedirs(self.dir)
		text = SETUP
		for key, value in (("@T@", self.dir + "/mnt"), ("@NS@", story.lab.prefix), ("@DIR@", os.path.join(story.lab.dir, name)),
				("@LAB@", story.lab.dir), ("@ROOT@", ROOT)):
			text = text.replace(key, value)
		log = open(self.dir + "/setup.log", "w+")
		self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", text], stdout=log, stderr=log)
		story.lab.processes.append(self.holder)
		wait_for(lambda: "ready" in open(log.name).read() or self.holder.poll() is not None, 10, "a mount namespace")
		if self.holder.poll() is not None:
			raise LabError("no mount namespace: " + open(log.name).read())
		self.files(story)

	def files(self, story):
		"""What the examples find in the directory they are run in."""
		with open(self.dir + "/handover.pcapng", "wb") as f:
			f.write(decode.vectors.pcapng([(0, p) for p in decode.named().values()], (101,)))
		shutil.copy(self.dir + "/handover.pcapng", self.dir + "/handover.pcap")
		write(self.dir + "/lke.conf", AR_CONF)
		shutil.copy(story.fleet.mn.conf, self.dir + "/mn.conf")

	def argv(self, command, *args):
		for word, value in PLACEHOLDERS.items():
			command = command.replace(word, value)
		inside = self.node.argv("env", "PATH=%s:%s" % (self.bin, os.environ["PATH"]), "sh", "-c", command, "sh", *args)
		return ["nsenter", "-t", str(self.holder.pid), "-m", "--wd=" + self.dir, *inside]

	def start(self, command, *args, **kw):
		"""Its output goes to a file: nobody reads it while it runs."""
		out = open(self.dir + "/output", "w+")
		p = subprocess.Popen(self.argv(command, *args), stdout=kw.pop("stdout", out), stderr=out, text=True,
			start_new_session=True, preexec_fn=interruptible, **kw)
		p.said = lambda: open(out.name).read()
		return p

	def child(self, p, program):
		"""The process of that program in the session of p; None: none yet."""
		for pid in filter(str.isdigit, os.listdir("/proc")):
			try:
				with open("/proc/%s/stat" % pid) as f:
					comm, rest = f.read().split("(", 1)[1].rsplit(")", 1)
				if comm == program and int(rest.split()[3]) == p.pid:
					return int(pid)
			except (OSError, IndexError):
				continue
		return None


def run(host, command, *args):
	"""It ends by itself, with success."""
	p = host.start(command, *args)
	p.wait(60 * SLOW)
	return p.returncode == 0, p.said()


def interrupted(program, sign, sig=signal.SIGINT):
	"""It goes on until it is interrupted, after its output (None: after some packets) has shown a sign."""
	def runner(host, command):
		p = host.start(command)
		wait_for(lambda: host.child(p, program) or p.poll() is not None, 10, program)
		if sign is None:
			wait_for(lambda: "listening" in p.said(), 10, "tcpdump to listen")
			host.node.run("ping", "-6", "-c", "3", "-i", "0.2", "ff02::1%wlan0", check=False)
		else:
			wait_for(lambda: sign() if callable(sign) else sign in p.said(), 30, "what %s shows" % command)
		os.kill(host.child(p, program), sig)
		p.wait(10 * SLOW)
		return p.returncode in (0, -sig, 128 + sig), p.said()
	return runner


def monitored(host, command):
	"""It shows what happens, which a command brings about."""
	p = host.start(command)
	end = time.monotonic() + 20 * SLOW
	while not p.said() and time.monotonic() < end:
		subprocess.run(host.argv("lke kex || lke flush lbsa 2001:db8::9"), capture_output=True)
		host.node.run("ping", "-6", "-c", "1", "-W", "1", "2001:db8:1::dead", check=False)
		time.sleep(0.2)
	os.kill(host.child(p, "lke"), signal.SIGINT)
	p.wait(10 * SLOW)
	return bool(p.said()), p.said()


def on_a_terminal(host, command):
	"""lke top, ended by q."""
	ours, theirs = pty.openpty()
	p = host.start(command, stdin=theirs, stdout=theirs)
	os.close(theirs)
	seen = os.read(ours, 4096)
	os.write(ours, b"q")
	p.wait(10 * SLOW)
	os.close(ours)
	return p.returncode == 0 and len(seen) > 20, p.said()


def with_a_change(host, command):
	"""A configuration that says more than before, which the next line of the page confirms."""
	with open("/proc/%d/root/etc/lke/lke.conf" % host.holder.pid, "a") as f:
		f.write("Mtu = 1400\n")
	return run(host, command)


def action_script(host, command):
	"""As hostapd_cli calls it for the mobile node that leaves."""
	return run(host, command, "wlan0", "AP-STA-DISCONNECTED", host.node.lab["mn"].mac["wlan0"])


def by_hand(host, command):
	"""A daemon in the foreground, ended by SIGTERM."""
	return interrupted("lked", lambda: os.path.exists("/proc/%d/root/run/lke/ctl.sock" % host.holder.pid), signal.SIGTERM)(host, command)


def second_instance(host, command):
	"""A daemon in the namespace mn, looked at by the next line of the page."""
	p = host.start(command)
	socket = "/proc/%d/root/run/lke-mn/ctl.sock" % host.holder.pid
	wait_for(lambda: os.path.exists(socket) or p.poll() is not None, 15, "the control socket: " + p.said())
	ok, said = run(host, "lke --run /run/lke-mn show")
	os.kill(host.child(p, "lked"), signal.SIGTERM)
	p.wait(15 * SLOW)
	return ok and p.returncode == 0 and "mobile node" in said, p.said() + said


def beside_it(host, command):
	"""Run by second_instance()."""
	return True, ""


# In the order in which they are run: (node, how).
COMMANDS = {
	"lke": ("ar1", run), "lke show": ("mn", run), "lke show all -j | jq .drops": ("ar1", run),
	"lke status": ("ar1", run), 'lke status || echo "degraded"': ("mn", run), "lke monitor": ("mn", monitored),
	"lke top": ("ar1", on_a_terminal), "lke doctor": ("ar1", run), "lke check": ("ar1", run), "lke check ./lke.conf": ("ar1", run),
	"lke showconf": ("ar1", run), "lke diff": ("ar1", run), "lke show bindings": ("ar1", run), "lke show counters": ("ar1", run),
	"lke reload": ("ar1", run), "lke reload --confirm-within 60s": ("ar1", with_a_change), "lke confirm": ("ar1", run),
	"lke diff; lke reload": ("ar1", run),
	"lkesim --mobiles 10 --time 2m --home-delay 200ms": ("ar1", run), "lkesim -j --mobiles 10 --time 1m": ("ar1", run),
	"lkesim --lke-only --mobiles 20 --time 2m --dwell 4s --announced": ("ar1", run), "lke support-bundle": ("ar1", run), "lked --check": ("ar1", run), "nft list table ip6 lke": ("ar1", run),
	"lke genkey > alice.key": ("ha", run),
	"lke serve": ("ar1", interrupted("lke", "9476", signal.SIGTERM)),
	"lke serve ar1=/run/lke-ar1 ar2=/run/lke-ar2 mn=/run/lke-mn": ("ar1", interrupted("lke", "9476", signal.SIGTERM)),
	"lke decode handover.pcapng": ("mn", run), "lke decode handover.pcapng -v --svg handover.svg": ("mn", run),
	"lke decode handover.pcapng --svg handover.svg": ("mn", run),
	"lke decode handover.pcapng -j | jq 'select(.message == \"Finished\")'": ("mn", run),
	"tshark -X lua_script:/usr/share/lke/wireshark/lke.lua -Y lke -r handover.pcapng": ("mn", run),
	"lke decode handover.pcap": ("mn", run), "lke decode handover.pcap --svg handover.svg": ("mn", run),
	"tcpdump -i wlan0 -w handover.pcap ip6": ("mn", interrupted("tcpdump", None)),
	"lke keylog on /root/lke.keys; tcpdump -i wlan0 -w h.pcap ip6; lke keylog off": ("ar1", interrupted("tcpdump", None)),
	"lke decode h.pcap --keylog /root/lke.keys": ("ar1", run),
	"lke handover": ("mn", run), 'lke handover; wpa_cli -i wlan0 roam "$bssid"': ("mn", run),
	'[ "$2" = AP-STA-DISCONNECTED ] && lke leave "$3"': ("ar2", action_script),
	"lke show mobiles": ("ha", run), "lke audit": ("ha", run), "lke audit alice -j > alice.ndjson": ("ha", run), "lke resume HOMEADDRESS": ("ha", run),
	"lke rekey 2001:db8:100::42 && lke export 2001:db8:100::42 alice.policy": ("ha", run), "lke rekey HOMEADDRESS": ("ha", run),
	"cat /etc/lke/lke.conf": ("ar3", run), "lked --check && lked": ("ar3", by_hand),
	"ip netns exec mn lked -c mn.conf --state /var/lib/lke-mn --run /run/lke-mn": ("ar3", second_instance),
	"lke --run /run/lke-mn show": ("ar3", beside_it),
}


def stand_ins(story):
	"""The programs of the build, and what there is on no machine of a test."""
	where = os.path.join(story.lab.dir, "bin")
	os.makedirs(where)
	for path in (story.fleet.mn.lke, story.fleet.mn.lked, os.path.join(story.build, "src", "sim", "lkesim")):
		os.symlink(path, os.path.join(where, os.path.basename(path)))
	write(os.path.join(where, "wpa_cli"), "#!/bin/sh\ntest \"$1 $2 $3\" = '-i wlan0 roam'\n", 0o755)


def judge_list(story):
	shown = {command for _, command in examples.everything()}
	missing = shown - set(COMMANDS) - set(service.COMMANDS) - WHOLE
	story.judge("every one of %d commands is run" % len(shown), len(shown) > 40 and not missing, "not run: %s" % sorted(missing))
	surplus = (set(COMMANDS) | set(service.COMMANDS)) - shown
	story.judge("and is shown somewhere", not surplus, "shown nowhere: %s" % sorted(surplus))


def configurations(story, host):
	"""Those of lke.conf(5), with the key files they name."""
	found = list(examples.blocks("lke.conf.5"))
	story.judge("lke.conf(5) shows %d configurations" % len(found), len(found) >= 3)
	os.makedirs(host.dir + "/mobiles")
	for name in ("home.key", "mobiles/alice.key"):
		run(host, "lke genkey > " + name)
	for n, text in enumerate(found):
		write("%s/example%d.conf" % (host.dir, n), text)
		story.judge("%s is right" % text.splitlines()[0], *run(host, "lked --check -c example%d.conf" % n))


def op_examples_of_the_manual(build, directory, printer):
	"""Every command in the manual pages, README.md and docs/OPERATIONS.md, run as it stands there."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.exchange(2, "4  Local key exchange with AR2")
		story.stop_traffic()
		story.step("5  The commands")
		judge_list(story)
		stand_ins(story)
		hosts = {name: Host(story, name) for name in ("ar1", "ar2", "mn", "ha", "ar3")}
		configurations(story, hosts["ha"])
		story.fleet.ar[3].stop()
		for command, (name, how) in COMMANDS.items():
			if how is second_instance:
				story.fleet.mn.stop()
			ok, said = how(hosts[name], command)
			story.judge("%s: %s" % (name, command), ok, said.strip()[-300:])
		return failures(story)


TESTS = (op_examples_of_the_manual,)
