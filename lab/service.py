#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""service.py: lked and lke serve as services of a real systemd, installed as a user installs them.

It changes the machine it runs on, so it runs in the guest of kernel.py or in the container of container.py only:

    make lab TEST=service                       this kernel, from the build
    make lab TEST=package                       this kernel, from the Debian packages in out/deb (make deb)
    make lab KERNEL=debian TEST=service         Debian's kernel; also with TEST=package
"""
import argparse
import glob
import http.client
import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time

SLOW = float(os.environ.get("LKE_LAB_SLOW", "1"))
CONTAINER = "LKE_LAB_SYSTEMD" in os.environ
CONF = "/etc/lke/lke.conf"
AR = "[AccessRouter]\nInterface = wlan0\nStateFile = yes\n"
MN = "[MobileNode]\nInterface = wlan0\nLocalOnly = yes\n"
HA = "[HomeAgent]\nInterface = home0\n[Mobile alice]\nHomeAddress = 2001:db8:100::42\nKey = mobiles/alice.key\n"


# Those of the manual and of the documents that need a service manager, or the user lke.
COMMANDS = ("systemctl enable --now lked", "systemctl status lked", "journalctl -u lked",
	"journalctl -u lked LKE_EVENT=binding", "journalctl -u lked LKE_ADDRESS=2001:db8:1::a1", "modprobe tun", "usermod -aG lke USER",
	"systemctl restart lked", "chown root FILE",
	"chown lke FILE; chmod 600 FILE")


class Failed(Exception):
	pass


def say(words):
	print(words, flush=True)


def ask(*argv, code=0, text=None):
	"""Output of a program, which must end with that exit status (None: any)."""
	p = subprocess.run(argv, capture_output=True, text=True, input=text, timeout=120 * SLOW)
	if code is not None and p.returncode != code:
		raise Failed("%s: exit status %d, not %d: %s" % (" ".join(argv), p.returncode, code, (p.stdout + p.stderr).strip()[-1500:]))
	return p.stdout.strip()


def wait_for(fact, seconds, words):
	end = time.monotonic() + seconds * SLOW
	while not fact():
		if time.monotonic() > end:
			raise Failed("no " + words)
		time.sleep(0.2)


def true(fact, words):
	if not fact:
		raise Failed(words)


def write(path, text, mode=0o600):
	os.makedirs(os.path.dirname(path), exist_ok=True)
	with open(path, "w") as f:
		f.write(text)
	os.chmod(path, mode)


def unit(name, *properties):
	"""Properties of a unit as systemd shows them."""
	out = ask("systemctl", "show", name, *("-p" + p for p in properties))
	return dict(line.split("=", 1) for line in out.splitlines())


def state(name="lked"):
	return unit(name, "ActiveState")["ActiveState"]


def pids():
	"""The privileged process and the engine process."""
	first = int(unit("lked", "MainPID")["MainPID"])
	with open("/proc/%d/task/%d/children" % (first, first)) as f:
		return first, int(f.read().split()[0])


def of_process(pid, key):
	with open("/proc/%d/status" % pid) as f:
		return next(line.split(":", 1)[1].split() for line in f if line.startswith(key + ":"))


def show(*argv):
	return json.loads(ask("lke", *argv, "show", "-j"))


def network():
	"""wlan0 of a router here, and a mobile node's in a namespace; different interface indexes."""
	for command in ("ip netns add mn", "ip link add wlan0 index 78 type veth peer name far0 index 77", "ip link set far0 netns mn",
			"ip netns exec mn ip link set far0 name wlan0", "ip link set wlan0 up", "ip link set lo up",
			"ip netns exec mn ip link set lo up", "ip netns exec mn ip link set wlan0 up",
			"sysctl -qw net.ipv6.conf.all.forwarding=1", "ip address add 2001:db8:1::1/64 dev wlan0 nodad"):
		ask(*command.split())


def installed_from_build(build):
	"""What `make install` leaves to its user: the users, the directories, and that systemd reads its units again."""
	ask("meson", "install", "--no-rebuild", "-C", build, code=0)
	ask("systemd-sysusers")
	ask("systemd-tmpfiles", "--create")
	ask("systemctl", "daemon-reload")


def installed_from_packages(where):
	packages = glob.glob(where + "/lke_*.deb")
	true(len(packages) == 1, "one lke_*.deb in %s; run: make deb" % where)
	ask("dpkg", "-i", *packages)
	true(state() == "inactive", "without a configuration it does not start")


def first_start():
	"""Two lines of configuration, and systemctl enable --now, as lked(8) says."""
	write(CONF, AR, 0o644)
	ask("systemctl", "enable", "--now", "lked")
	got = unit("lked", "ActiveState", "SubState", "Type", "StatusText", "WatchdogUSec", "NRestarts", "User")
	say("    %s" % got)
	true((got["ActiveState"], got["SubState"], got["Type"], got["User"]) == ("active", "running", "notify", "lke"), got)
	true(ask("lke", "status").startswith("healthy"), ask("lke", "status", code=None))
	true(ask("lked", "--check") is not None, "")


def little_is_allowed():
	"""The processes are lke's; the one that reads packets has no capabilities, both have a filter."""
	user = str(pwd.getpwnam("lke").pw_uid)
	privileged, engine = pids()
	for pid in (privileged, engine):
		true(set(of_process(pid, "Uid")) == {user}, "process %d is lke's" % pid)
		true(of_process(pid, "NoNewPrivs") == ["1"] and of_process(pid, "Seccomp") == ["2"], "process %d has a filter" % pid)
	true(int(of_process(engine, "CapPrm")[0], 16) == 0, "the engine process has no capabilities")
	have = int(of_process(privileged, "CapPrm")[0], 16)
	true(have == 1 << 12 | 1 << 13, "the other one has NET_ADMIN and NET_RAW alone: %x" % have)
	for path, mode in (("/var/lib/lke", 0o700), ("/run/lke", 0o755)):
		st = os.stat(path)
		true((st.st_mode & 0o777, str(st.st_uid)) == (mode, user), "%s: %o of %d" % (path, st.st_mode, st.st_uid))
	exposure = ask("systemd-analyze", "security", "lked", "--no-pager", code=None).splitlines()[-1]
	say("    " + exposure.strip())
	true(float(re.search(r"([0-9.]+) (OK|MEDIUM|EXPOSED)", exposure)[1]) <= 2.5, exposure)


class Mobile:
	"""A mobile node, by hand in its namespace."""

	def __init__(self, conf=MN):
		write("/etc/lke-mn/lke.conf", conf)
		self.run = "/run/lke-mn"
		self.process = subprocess.Popen(["ip", "netns", "exec", "mn", "lked", "-c", "/etc/lke-mn/lke.conf", "--state", "/var/lib/lke-mn",
			"--run", self.run], stdout=open("/run/mn.log", "w"), stderr=subprocess.STDOUT)

	def valid(self):
		try:
			shown = show("--run", self.run)
		except (Failed, ValueError):
			return False
		return any(l["state"] == "valid" for l in shown["lbsas"])

	def end(self):
		self.process.terminate()
		true(self.process.wait(30 * SLOW) == 0, "the mobile node ends well")


def it_serves(mobile):
	"""A mobile node gets an LBSA from the service, and the journal has it in fields."""
	wait_for(mobile.valid, 30, "valid LBSA at the mobile node: " + open("/run/mn.log").read()[-800:])
	# The router's own waits for the end of its duplicate address detection.
	wait_for(lambda: [l["state"] for l in show()["lbsas"]] == ["valid"], 5, "valid LBSA at the access router")
	lbsas = show()["lbsas"]
	shown = show()
	true(shown["forward"] == "bpf", "the unit allows the fast path: " + shown.get("forward_reason", ""))
	address = lbsas[0]["care_of_address"]
	found = [json.loads(line) for line in ask("journalctl", "-u", "lked", "LKE_ADDRESS=" + address, "-o", "json").splitlines()]
	true(found, "journal entries of " + address)
	say("    %d entries of %s, the last: %s" % (len(found), address, found[-1]["MESSAGE"]))
	for key in ("MESSAGE", "PRIORITY", "LKE_ROLE", "LKE_EVENT", "LKE_INTERFACE"):
		true(all(key in entry for entry in found), "every entry has " + key)
	true({e["_SYSTEMD_UNIT"] for e in found} == {"lked.service"}, "they are the unit's")
	return address


def the_group_may_look():
	"""A user of the group lke needs no root; another one is told so."""
	ask("useradd", "-M", "-G", "lke", "looker")
	ask("useradd", "-M", "stranger")
	ask("setpriv", "--reuid", "looker", "--regid", "looker", "--init-groups", "lke", "status")
	ask("setpriv", "--reuid", "stranger", "--regid", "stranger", "--init-groups", "lke", "status", code=5)


def commands_of_the_manual():
	"""As they stand there, with a user and a key file of this machine."""
	write("/root/alice.key", ask("lke", "genkey") + "\n", 0o644)
	for command in COMMANDS:
		if command.startswith("modprobe") and CONTAINER:
			continue	# it may load nothing into this machine's kernel
		p = subprocess.run(["sh", "-c", command.replace("USER", "looker").replace("FILE", "/root/alice.key")], capture_output=True,
			text=True, timeout=60 * SLOW)
		true(p.returncode == 0, "%s: %d %s" % (command, p.returncode, p.stderr))
	st = os.stat("/root/alice.key")
	true((st.st_mode & 0o777, st.st_uid) == (0o600, pwd.getpwnam("lke").pw_uid), "the key file is lke's")


def reload_keeps(address):
	"""systemctl reload: another configuration, the same processes and keys; a wrong file changes nothing and says why."""
	before = pids()

	def holds(words):
		true(state() == "active" and pids() == before, words + ": the same processes")
		lbsas = show()["lbsas"]
		true([(l["care_of_address"], l["state"]) for l in lbsas] == [(address, "valid")], lbsas)
	write(CONF, AR + "Mtu = 1400\n", 0o644)
	ask("systemctl", "reload", "lked")
	holds("reload")
	true("no difference" in ask("lke", "diff"), "lked does what the files say")
	write(CONF, AR + "Finishd = yes\n", 0o644)
	ask("systemctl", "reload", "lked", code=1)
	holds("wrong file")
	log = ask("journalctl", "-u", "lked", "-o", "cat", "-n", "30")
	true("lke.conf:4: error: unknown key 'Finishd'" in log, log)
	write(CONF, AR, 0o644)
	ask("systemctl", "reload", "lked")
	holds("back")


def restart_keeps(address):
	"""systemctl restart: with StateFile = yes the LBSA is there at once."""
	before = pids()
	ask("systemctl", "restart", "lked")
	true(state() == "active" and not set(before) & set(pids()), "other processes")
	lbsas = show()["lbsas"]
	true([(l["care_of_address"], l["state"]) for l in lbsas] == [(address, "valid")], lbsas)


def restarts_after(words, signal_, which):
	"""A process that ends, or that does not turn its loop: systemd starts both again."""
	before, restarts = pids(), int(unit("lked", "NRestarts")["NRestarts"])
	start = time.monotonic()
	os.kill(before[which], signal_)
	wait_for(lambda: int(unit("lked", "NRestarts")["NRestarts"]) > restarts and state() == "active", 90, "restart after " + words)
	say("    %s: active again after %.0f s" % (words, time.monotonic() - start))
	true(not set(before) & set(pids()), "both processes are others")
	true(ask("lke", "status").startswith("healthy"), "it is healthy again")


def wrong_configuration():
	"""A restart with a wrong file fails and says why with the line; it does not go round for ever; after the repair it starts."""
	write(CONF, AR + "Finishd = yes\n", 0o644)
	ask("systemctl", "restart", "lked", code=1)
	true(unit("lked", "ActiveState", "ExecMainStatus") == {"ActiveState": "failed", "ExecMainStatus": "3"}, "status 3 is final")
	log = ask("journalctl", "-u", "lked", "-o", "cat", "-n", "30")
	true("lke.conf:4: error: unknown key 'Finishd'" in log, log)
	write(CONF, AR, 0o644)
	ask("systemctl", "reset-failed", "lked")
	ask("systemctl", "start", "lked")


def serve():
	"""lke-serve.service: metrics on loopback, by a user of its own."""
	ask("systemctl", "start", "lke-serve")

	def get(path="/metrics"):
		c = http.client.HTTPConnection("::1", 9476, timeout=5 * SLOW)
		try:
			c.request("GET", path, headers={"Host": "[::1]:9476"})
			return c.getresponse().read().decode()
		except OSError:
			return ""
		finally:
			c.close()
	wait_for(lambda: "lke_up 1" in get(), 20, "metrics: " + ask("journalctl", "-u", "lke-serve", "-o", "cat", "-n", "20"))
	true('lke_lbsas{state="valid"} 1' in get(), get())
	true("<html" in get("/"), "the page")
	pid = int(unit("lke-serve", "MainPID")["MainPID"])
	true(of_process(pid, "Uid")[0] not in ("0", str(pwd.getpwnam("lke").pw_uid)), "a user of its own")
	true(int(of_process(pid, "CapPrm")[0], 16) == 0, "no capabilities")
	ask("systemctl", "stop", "lke-serve")
	true(unit("lke-serve", "Result")["Result"] == "success", unit("lke-serve", "Result", "ExecMainStatus"))


def next_key():
	"""A home agent whose lked is no root: lke rekey, and the key that its mobile node has by export and import becomes the present one."""
	key, user = "/etc/lke/mobiles/alice.key", pwd.getpwnam("lke").pw_uid
	for command in ("ip link add home0 type veth peer name home1", "ip link set home0 up", "ip link set home1 up",
			"ip address add 2001:db8:100::1/64 dev home0 nodad"):
		ask(*command.split())
	write(key, ask("lke", "genkey") + "\n")
	os.chown(key, user, -1)
	write(CONF, AR + HA, 0o644)
	ask("systemctl", "restart", "lked")
	ask("lke", "rekey", "2001:db8:100::42")
	true(os.stat(key + ".next").st_uid == user, "the next key is lke's")
	ask("lke", "export", "2001:db8:100::42", "/root/alice.policy", "--agent", "2001:db8:100::1")
	mn = "[MobileNode]\nInterface = wlan0\n"
	write("/etc/lke-mn/lke.conf", mn)
	said = json.loads(ask("lke", "-c", "/etc/lke-mn/lke.conf", "import", "/root/alice.policy", "-j"))
	mobile = Mobile(mn + "\n".join(said["lines"]) + "\n")
	wait_for(lambda: not os.path.exists(key + ".next"), 30, "next key in the place of the present one: " + ask("journalctl", "-u", "lked", "-o",
		"cat", "-n", "20"))
	with open(key) as f:
		true("generation = 2" in f.read() and os.stat(key).st_uid == user, "it is the present key, and lke's")
	mobile.end()
	write(CONF, AR, 0o644)
	ask("systemctl", "restart", "lked")


def stop_leaves_nothing():
	"""systemctl stop: nothing stays in the kernel, the state directory does."""
	ask("systemctl", "stop", "lked")
	got = unit("lked", "ActiveState", "Result", "ExecMainStatus")
	true(got == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}, got)
	true("table ip6 lke" not in ask("nft", "list", "ruleset"), "the packet filters are gone")
	true("lke0" not in ask("ip", "-br", "link"), "the TUN device is gone")
	true(os.listdir("/var/lib/lke"), "the state is kept")
	ask("lke", "status", code=4)


def removed():
	"""apt-get purge: the services end first, and nothing but the state is left."""
	ask("systemctl", "start", "lked", "lke-serve")
	# Images for containers forbid maintainer scripts to stop services; here is a manager that they may ask.
	ask("rm", "-f", "/usr/sbin/policy-rc.d")
	ask("dpkg", "-P", "lke")
	for name in ("lked", "lke-serve"):
		true(state(name) == "inactive", "%s is %s" % (name, state(name)))
	true("lke0" not in ask("ip", "-br", "link"), "its TUN device is gone")
	left = [p for p in glob.glob("/usr/*/lke*") + glob.glob("/lib/systemd/system/lke*") + glob.glob("/etc/systemd/system/*/lke*")]
	true(not left, left)


def steps(a):
	yield "install", lambda: (installed_from_packages(a.packages) if a.packages else installed_from_build(a.build))
	yield "first start", first_start
	yield "little is allowed", little_is_allowed
	mobile = Mobile()
	address = []
	yield "it serves a mobile node", lambda: address.append(it_serves(mobile))
	yield "its group may look", the_group_may_look
	yield "the commands of the manual", commands_of_the_manual
	yield "lke serve", serve
	yield "reload", lambda: reload_keeps(address[0])
	yield "restart", lambda: restart_keeps(address[0])
	yield "kill -9 of the engine process", lambda: restarts_after("kill -9 of the engine process", signal.SIGKILL, 1)
	yield "kill -9 of the privileged process", lambda: restarts_after("kill -9 of the privileged process", signal.SIGKILL, 0)
	yield "watchdog", lambda: restarts_after("an engine process that hangs", signal.SIGSTOP, 1)
	yield "the LBSA is still there", lambda: restart_keeps(address[0])
	yield "a wrong configuration", wrong_configuration
	yield "the mobile node ends", mobile.end
	yield "the next key of a mobile", next_key
	yield "stop", stop_leaves_nothing
	if a.packages:
		yield "remove", removed


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	ap.add_argument("--packages", metavar="DIR", help="install the Debian packages there instead")
	a = ap.parse_args()
	with open("/proc/1/comm") as f:
		if f.read().strip() != "systemd" or not os.path.exists("/run/guest"):
			print("service: only beside a systemd that was made for it: make lab TEST=service")
			return 77
	network()
	for name, step in steps(a):
		start = time.monotonic()
		try:
			step()
		except (Failed, OSError, subprocess.TimeoutExpired) as e:
			say("FAIL %s: %s" % (name, e))
			say(ask("journalctl", "-u", "lked", "-o", "short-monotonic", "-n", "40", code=None))
			return 1
		say("ok   %-36s %4.0f s" % (name, time.monotonic() - start))
	return 0


if __name__ == "__main__":
	sys.exit(main())
