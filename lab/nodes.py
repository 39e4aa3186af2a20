# SPDX-License-Identifier: ISC
"""The daemons of the lab: their configuration and key files, their start and their end."""
import json
import os
import secrets
import socket

from topology import HOME_ADDRESS, HOME_AGENT, LabError, run, wait_for


def write(path, text, mode=0o600):
	fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
	with os.fdopen(fd, "w") as f:
		f.write(text)
	return path


def key_file(path):
	"""Manual keys of one home address: both ends of the lab get the same file."""
	return write(path, "\n".join([
		"spi-to-ha = 0x1000", "spi-to-mn = 0x1001", "encryption = aes-cbc", "integrity = hmac-sha256-128",
		"encryption-key-to-ha = " + secrets.token_hex(16), "integrity-key-to-ha = " + secrets.token_hex(32),
		"encryption-key-to-mn = " + secrets.token_hex(16), "integrity-key-to-mn = " + secrets.token_hex(32),
		"generation = 1"]) + "\n")


AR_CONF = "[AccessRouter]\nInterface = wlan0\n"
MN_CONF = """[MobileNode]
Interface   = wlan0
HomeAddress = %s
HomeAgent   = %s
Key         = %s
Strategy    = oldest
"""
HA_CONF = """[HomeAgent]
Interface = home0

[Mobile alice]
HomeAddress = %s
Key         = %s
"""
RADVD_CONF = """interface wlan0 {
	AdvSendAdvert on;
	MinRtrAdvInterval 3;
	MaxRtrAdvInterval 10;
	prefix 2001:db8:4::/64 { AdvOnLink on; AdvAutonomous on; };
};
"""


class Daemon:
	"""One lked in one node, with its own configuration, state and run directories."""

	def __init__(self, lab, build, name, conf, rsa=False, args=()):
		self.lab, self.node, self.name, self.args = lab, lab[name], name, args
		self.lked, self.lke = build + "/src/daemon/lked", build + "/src/ctl/lke"
		self.dir = os.path.join(lab.dir, name)
		self.state, self.run_dir = self.dir + "/state", self.dir + "/run"
		for d in (self.dir, self.state, self.run_dir):
			os.makedirs(d, mode=0o700, exist_ok=True)
		if os.environ.get("LKE_FORWARD"):
			conf += "\n[Daemon]\nForward = %s\n" % os.environ["LKE_FORWARD"]
		self.conf = write(self.dir + "/lke.conf", conf)
		self.log = self.dir + "/lked.log"
		if rsa:
			self.rsa = self.state + "/rsa.pem"
			run(["openssl", "genrsa", "-out", self.rsa, "2048"])
			os.chmod(self.rsa, 0o600)
		self.process, self.unread = None, []

	def start(self, wait=True):
		self.process = self.node.popen([self.lked, "-c", self.conf, "--state", self.state, "--run", self.run_dir, *self.args],
			open(self.log, "a"))
		if wait:
			wait_for(self.ready, 15, "lked of %s to answer on its control socket" % self.name, 0.02)
		return self

	def ready(self):
		if self.process.poll() is not None:
			raise LabError("lked of %s ended with status %s: %s" % (self.name, self.process.returncode, self.tail()))
		return os.path.exists(self.run_dir + "/ctl.sock") and self.show() is not None

	def tail(self, n=600):
		try:
			with open(self.log, errors="replace") as f:
				return f.read()[-n:].strip()
		except OSError:
			return ""

	def show(self, what=None):
		"""The daemon's own view, by its control socket; None while it does not answer.  For waiting, never for checks."""
		with socket.socket(socket.AF_UNIX) as c:
			c.settimeout(5)
			try:
				c.connect(self.run_dir + "/ctl.sock")
				c.sendall(json.dumps({"cmd": "show", **({"what": what} if what else {})}).encode() + b"\n")
				with c.makefile() as f:
					return json.loads(f.readline())
			except (OSError, ValueError):
				return None

	def _command(self, cmd, wait, **kw):
		with socket.socket(socket.AF_UNIX) as c:
			c.settimeout(5)
			c.connect(self.run_dir + "/ctl.sock")
			c.sendall(json.dumps({"cmd": cmd, **kw}).encode() + b"\n")
			if not wait:
				return self.unread.append(c.dup())
			with c.makefile() as f:
				return json.loads(f.readline())

	def ask(self, cmd, **kw):
		"""An operator's command and its answer, as lke(1) gives it, without the time of a new process."""
		return self._command(cmd, True, **kw)

	def tell(self, cmd, **kw):
		"""The same without waiting."""
		self._command(cmd, False, **kw)

	def lbsa(self, coa):
		"""The LBSA of a care-of address, as shown; {} without one."""
		return next((e for e in (self.show("lbsa") or {}).get("lbsas", []) if e.get("care_of_address") == coa), {})

	def lbsa_state(self, coa):
		shown = self.show("lbsa") or {}
		for entries in shown.values():
			for e in entries if isinstance(entries, list) else []:
				if isinstance(e, dict) and e.get("care_of_address") == coa:
					return e.get("state")
		return None

	def pids(self):
		"""Both processes of this daemon (the first is our child: `ip netns exec` becomes the program)."""
		pid = self.process.pid
		try:
			with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
				return [pid] + [int(x) for x in f.read().split()]
		except OSError:
			return [pid]

	def stop(self):
		return self.lab.stop(self.process)


class Radvd:
	"""Stock radvd: alone a router without LKE, or beside an lked with Advertise = augment."""

	def __init__(self, lab, name, conf=RADVD_CONF):
		self.lab, self.node = lab, lab[name]
		d = os.path.join(lab.dir, name)
		os.makedirs(d, exist_ok=True)
		self.conf = write(d + "/radvd.conf", conf, 0o644)
		self.log, self.pid = d + "/radvd.log", d + "/radvd.pid"

	def start(self):
		self.process = self.node.popen(["radvd", "-n", "-C", self.conf, "-p", self.pid, "-m", "stderr"],
			open(self.log, "a"))
		return self


class Fleet:
	"""All daemons of the lab and the keys an independent verifier needs."""

	def __init__(self, lab, build, routers=(1, 2, 3)):
		key = key_file(os.path.join(lab.dir, "alice.key"))
		self.key_file = key
		self.ha = Daemon(lab, build, "ha", HA_CONF % (HOME_ADDRESS, key))
		self.mn = Daemon(lab, build, "mn", MN_CONF % (HOME_ADDRESS, HOME_AGENT, key))
		self.ar = {n: Daemon(lab, build, "ar%d" % n, AR_CONF, rsa=True) for n in routers}
		self.radvd = Radvd(lab, "ar4")

	def learn(self, keys):
		keys.add_esp(self.key_file)
		for n, d in self.ar.items():
			keys.add_rsa("AR%d" % n, d.rsa)
		return keys

	def start(self):
		daemons = [self.ha, *self.ar.values()]
		for d in daemons:
			d.start(wait=False)
		self.radvd.start()
		for d in daemons:
			wait_for(d.ready, 15, "lked of %s to answer on its control socket" % d.name, 0.02)
		self.mn.start()
