# SPDX-License-Identifier: ISC
"""The lab's network: namespaces, bridges and veth pairs, made for one run and removed by their exact names.

One namespace `sw` holds a bridge for each link (core, home, cn, l1 .. l4) and one port of every node, so that a
single capture there sees every link.  Rules that keep link events honest (docs/TESTING.md): the two ends of a veth
have different interface indexes, routers sit behind a veth and never on the bridge device, and a move is
`port down, master, port up`.
"""
import ctypes
import fcntl
import os
import secrets
import shutil
import socket
import struct
import subprocess
import time

HOME_PREFIX = "2001:db8:100::"
HOME_ADDRESS = "2001:db8:100::42"
HOME_AGENT = "2001:db8:100::1"
CORE = "2001:db8:ffff::"
CN_ADDRESS = "2001:db8:c::2"
ROUTERS = (1, 2, 3, 4)
SLOW = float(os.environ.get("LKE_LAB_SLOW", "1"))	# deadlines are this much longer: in qemu, or beside other tests


def ar_address(n):
	return "2001:db8:%d::1" % n


def ar_prefix(n):
	return "2001:db8:%d::" % n


class LabError(Exception):
	pass


class CannotRun(Exception):
	"""Something is lacking here; the text says what."""


def run(argv, text=None, check=True, timeout=30):
	p = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout * SLOW)
	if check and p.returncode:
		raise LabError("%s: %s" % (" ".join(argv[:6]), (p.stderr or p.stdout).strip()[:400]))
	return p.stdout


def wait_for(fact, seconds, what, step=0.01):
	"""Waits until fact() is true and returns its value; LabError after the deadline."""
	seconds *= SLOW
	end = time.monotonic() + seconds
	while True:
		v = fact()
		if v:
			return v
		if time.monotonic() > end:
			raise LabError("waited %.1f s in vain for: %s" % (seconds, what))
		time.sleep(step)


_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def dies_with_us():
	"""For preexec_fn: the child ends when this process does, however that happens."""
	PR_SET_PDEATHSIG, SIGKILL = 1, 9
	_libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


class in_namespace:
	"""with in_namespace(name): sockets opened by this thread belong to that namespace for good."""

	def __init__(self, name):
		self.name = name

	def _set(self, fd):
		if _libc.setns(fd, CLONE_NEWNET):
			raise OSError(ctypes.get_errno(), "setns")

	def __enter__(self):
		self.old = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
		fd = os.open("/run/netns/" + self.name, os.O_RDONLY)
		try:
			self._set(fd)
		finally:
			os.close(fd)

	def __exit__(self, *exc):
		self._set(self.old)
		os.close(self.old)


class LinkSwitch:
	"""Moves ports between bridges by rtnetlink from inside this process: no fork between down and up."""
	NLM_F_REQUEST, NLM_F_ACK, RTM_NEWLINK, IFF_UP, IFLA_MASTER = 1, 4, 16, 1, 10

	def __init__(self, namespace):
		with in_namespace(namespace):
			self.s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
		self.s.bind((0, 0))
		self.seq = 0

	def _set(self, index, flags, change, attrs=b""):
		self.seq += 1
		body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, change) + attrs
		self.s.send(struct.pack("=IHHII", 16 + len(body), self.RTM_NEWLINK,
			self.NLM_F_REQUEST | self.NLM_F_ACK, self.seq, 0) + body)
		err = struct.unpack_from("=i", self.s.recv(65536), 16)[0]
		if err:
			raise LabError("rtnetlink: " + os.strerror(-err))

	def down(self, index):
		self._set(index, 0, self.IFF_UP)

	def up(self, index):
		self._set(index, self.IFF_UP, self.IFF_UP)

	def master(self, index, master):
		self._set(index, 0, 0, struct.pack("=HHI", 8, self.IFLA_MASTER, master))

	def close(self):
		self.s.close()


def checksums_in_software(namespace, dev):
	"""Turns off transmit checksum offload: a captured packet then carries the checksum it is sent with."""
	SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
	with in_namespace(namespace):
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	val = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
	req = struct.pack("16sP", dev.encode(), ctypes.addressof(val))
	try:
		fcntl.ioctl(s, SIOCETHTOOL, req.ljust(40, b"\0"))
	finally:
		s.close()


class Node:
	"""A host or router: one namespace, its ports, and the processes the lab started in it."""

	def __init__(self, lab, name):
		self.lab, self.name, self.ns = lab, name, "%s-%s" % (lab.prefix, name)
		self.mac, self.port, self.port_index = {}, {}, {}

	def ip(self, *batch):
		run(["ip", "-n", self.ns, "-batch", "-"], "\n".join(batch) + "\n")

	def show(self, *args):
		return run(["ip", "-n", self.ns, *args], check=False)

	def argv(self, *args):
		return ["ip", "netns", "exec", self.ns, *args]

	def run(self, *args, **kw):
		return run(self.argv(*args), **kw)

	def sysctl(self, **values):
		self.run("sysctl", "-q", "-w", *["net.ipv6.conf.%s=%s" % (k.replace("__", "."), v) for k, v in values.items()])

	def keeps_order(self, dev, n):
		"""What arrives at a veth waits in a queue of the processor its sender ran on, so that a sender that changes the
		processor overtakes itself.  One processor for all of them makes the veth a wire."""
		self.run("sh", "-c", "echo %x > /sys/class/net/%s/queues/rx-0/rps_cpus" % (1 << n % os.cpu_count(), dev))

	def popen(self, args, log, **kw):
		p = subprocess.Popen(self.argv(*args), stdin=kw.pop("stdin", subprocess.DEVNULL), stdout=kw.pop("stdout", log), stderr=log, **kw)
		self.lab.processes.append(p)
		return p


class Lab:
	"""with Lab(dir) as lab: the whole network; nothing of it is left afterwards."""
	in_order = True	# the links are wires; False where only times count: another processor costs tenths of a millisecond a hop

	def __init__(self, directory, keep=False):
		self.dir = directory
		self.keep = keep
		self.prefix = "lke" + secrets.token_hex(3)
		self.nodes, self.processes, self.made, self.bridge = {}, [], [], {}
		self.next_index = 100
		self.moves = []

	def __enter__(self):
		# State of an earlier run would be wrong: each run has new keys.
		shutil.rmtree(self.dir, ignore_errors=True)
		os.makedirs(self.dir)
		try:
			self._build()
		except BaseException:
			self.close()
			raise
		return self

	def __exit__(self, *exc):
		if not self.keep:
			self.close()

	def __getitem__(self, name):
		return self.nodes[name]

	def node(self, name):
		n = Node(self, name)
		run(["ip", "netns", "add", n.ns])
		self.made.append(n.ns)
		n.ip("link set lo up")
		self.nodes[name] = n
		return n

	def _link(self, *names):
		sw = self.nodes["sw"]
		for name in names:
			self.next_index += 1
			self.bridge[name] = self.next_index
			sw.ip("link add %s index %d type bridge stp_state 0 mcast_snooping 0" % (name, self.next_index),
				"link set %s up" % name)
			sw.sysctl(**{name + "__disable_ipv6": 1})

	def plug(self, node, dev, link, mac, up=True):
		"""One veth: `dev` in the node, a port named NODE-DEV in sw; the two indexes differ."""
		n, port = self.nodes[node], "%s-%s" % (node, dev)
		self.next_index += 2
		here, there = self.next_index - 1, self.next_index
		run(["ip", "link", "add", dev, "index", str(here), "netns", n.ns, "address", mac, "type", "veth",
			"peer", "name", port, "index", str(there), "netns", self.nodes["sw"].ns])
		checksums_in_software(n.ns, dev)
		sw = self.nodes["sw"]
		sw.sysctl(**{port + "__disable_ipv6": 1})
		for node, name in ((n, dev), (sw, port)) if self.in_order else ():
			node.keeps_order(name, there // 2)
		sw.ip("link set %s master %s" % (port, link), *(["link set %s up" % port] if up else []))
		n.mac[dev], n.port[dev], n.port_index[dev] = mac, port, there

	def relay(self, build, node, dev, link, delay, loss):
		"""Puts a relay between a port and its bridge: every frame comes `delay` seconds later, a part `loss` never."""
		port, sw = self.nodes[node].port[dev], self.nodes["sw"]
		self.next_index += 2
		sw.ip("link add rly0 index %d type veth peer name rly1 index %d" % (self.next_index - 1, self.next_index))
		sw.sysctl(rly0__disable_ipv6=1, rly1__disable_ipv6=1)
		sw.ip("link set rly0 master " + link, "link set %s nomaster" % port, "link set rly0 up", "link set rly1 up")
		log = os.path.join(self.dir, "relay.log")
		p = sw.popen([build + "/lab/relay", port, "rly1", str(round(delay * 1e6)), str(round(loss * 1e4)), "1"], open(log, "w"))

		def ready():
			if p.poll() is not None:
				raise LabError("relay ended: " + open(log).read())
			return "ready" in open(log).read()
		wait_for(ready, 5, "the relay to start")

	def _build(self):
		self.node("sw")
		self._link("core", "home", "cnlink", *["l%d" % n for n in ROUTERS])
		for name in ["cr", "cn", "ha", "mn", "thief", "host"] + ["ar%d" % n for n in ROUTERS]:
			self.node(name)
			if name not in ("mn", "thief"):
				self.nodes[name].sysctl(default__dad_transmits=0)
		for i, name in enumerate(["ha", "cr"] + ["ar%d" % n for n in ROUTERS]):
			self.plug(name, "core0", "core", "02:00:00:00:ff:%02x" % (i + 1))
			self.nodes[name].sysctl(all__forwarding=1, default__forwarding=1)
		for n in ROUTERS:
			self.plug("ar%d" % n, "wlan0", "l%d" % n, "02:00:00:00:0%d:01" % n)
		self.plug("ha", "home0", "home", "02:00:00:00:10:01")
		self.plug("host", "eth0", "home", "02:00:00:00:10:07")
		self.plug("cr", "cn0", "cnlink", "02:00:00:00:0c:01")
		self.plug("cn", "eth0", "cnlink", "02:00:00:00:0c:02")
		self.plug("mn", "wlan0", "l1", "02:00:00:00:0b:01", up=False)
		self.plug("thief", "eth0", "l1", "02:00:00:00:0e:01")
		self._addresses()
		self.switch = LinkSwitch(self.nodes["sw"].ns)

	def _addresses(self):
		core = {"ha": 0x100, "cr": 0xc, "ar1": 1, "ar2": 2, "ar3": 3, "ar4": 4}
		nets = {"ha": HOME_PREFIX, "cr": "2001:db8:c::", **{"ar%d" % n: ar_prefix(n) for n in ROUTERS}}
		inside = {"ha": "home0", "cr": "cn0", **{"ar%d" % n: "wlan0" for n in ROUTERS}}
		for name, suffix in core.items():
			lines = ["addr add %s%x/64 dev core0 nodad" % (CORE, suffix),
				"addr add %s1/64 dev %s nodad" % (nets[name], inside[name]),
				"link set core0 up", "link set %s up" % inside[name]]
			lines += ["route add %s/64 via %s%x" % (nets[o], CORE, s) for o, s in core.items() if o != name]
			# Routers of a site have heard of each other: packets that wait for address resolution are overtaken at its end.
			lines += ["neigh replace %s%x lladdr %s dev core0 nud stale" % (CORE, s, self.nodes[o].mac["core0"])
				for o, s in core.items() if o != name]
			self.nodes[name].ip(*lines)
		self.nodes["cn"].ip("addr add %s/64 dev eth0 nodad" % CN_ADDRESS, "link set eth0 up",
			"route add default via 2001:db8:c::1")
		self.nodes["host"].ip("addr add %s7/64 dev eth0 nodad" % HOME_PREFIX, "link set eth0 up",
			"route add default via " + HOME_AGENT)
		self.nodes["thief"].sysctl(eth0__accept_ra=0)
		self.nodes["thief"].ip("link set eth0 up")
		self.nodes["mn"].sysctl(wlan0__accept_ra=0)
		self.nodes["mn"].ip("link set wlan0 up")

	def attach(self, link):
		"""The first attachment of the mobile node: its port comes up on that link."""
		mn = self.nodes["mn"]
		port = mn.port_index["wlan0"]
		self.switch.master(port, self.bridge[link])
		up = time.time()
		self.switch.up(port)
		return up

	def detach(self):
		self.switch.down(self.nodes["mn"].port_index["wlan0"])
		return time.time()

	def move(self, link, gap, before_up=None):
		"""Port down, master, port up.  Returns (carrier lost, carrier back), seconds since the epoch.

		Taken after the one and before the other, so that the gap is never overstated.  before_up: called just before.
		"""
		port = self.nodes["mn"].port_index["wlan0"]
		self.switch.down(port)
		lost = time.time()
		end = time.monotonic() + gap
		self.switch.master(port, self.bridge[link])
		while time.monotonic() < end:
			time.sleep(max(0.0, end - time.monotonic()))
		if before_up:
			before_up()
		back = time.time()
		self.switch.up(port)
		self.moves.append((lost, back, link))
		return lost, back

	def stop(self, process, seconds=10):
		"""Ends one process of ours: terminate, then kill after the deadline.  Returns its exit status."""
		if process.poll() is None:
			process.terminate()
			try:
				process.wait(seconds * SLOW)
			except subprocess.TimeoutExpired:
				process.kill()
				process.wait(5)
		if process in self.processes:
			self.processes.remove(process)
		return process.returncode

	def close(self):
		for p in reversed(list(self.processes)):
			try:
				self.stop(p)
			except (OSError, subprocess.SubprocessError):
				pass
		if getattr(self, "switch", None):
			self.switch.close()
			self.switch = None
		for ns in reversed(self.made):
			subprocess.run(["ip", "netns", "del", ns], capture_output=True)
			shutil.rmtree("/etc/netns/" + ns, ignore_errors=True)
		self.made = []
