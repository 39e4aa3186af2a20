# SPDX-License-Identifier: ISC
"""Attacks on an access router's host: its control socket, its netlink sockets, its processes and their memory, its rules;
and those on a moved node's traffic.  Each ends with the proof that a valid key exchange and Binding Update still work."""
import glob
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import forge
import link
import mobile
import packet
import peer
from attack import Scene
from nodes import write
from topology import LabError, in_namespace, wait_for


def bound(s):
	"""The victim moves away and proves its new address."""
	ba = s.away.update(s.victim)
	if ba is None or ba.f["status"]:
		raise LabError("no binding for the test")
	s.away.finish(s.victim, ba)
	wait_for(lambda: "forwarding" in str(s.lab.ar.show("bindings")), 3, "the Finished to be believed")


def arrived(port, payload):
	return port.find(lambda m: m.data is not None and payload in bytes(m.data))


def thr_072_073_074_reverse_tunnel(build, directory, printer):
	"""Packets in the reverse tunnel with a foreign outer or inner source, to the link, or with messages inside go nowhere."""
	with Scene(build, directory) as s:
		bound(s)
		v, other = s.victim, mobile.Host(s.port, 0x30)
		insider = mobile.Host(s.port, 0x31).attach()

		def tries(outer, inner):
			return forge.tunnel(outer, link.AR, inner)

		def udp(src, dst, text):
			return forge.udp(src, dst, 9, 9, text)
		cases = ((b"good one", v.coa2, udp(v.coa, other.coa, b"good one")),
			(b"outer source", peer.octets(link.FAR + "77"), udp(v.coa, other.coa, b"outer source")),
			(b"inner source", v.coa2, udp(insider.coa, other.coa, b"inner source")),
			(b"no source", v.coa2, udp(bytes(16), other.coa, b"no source")),
			(b"link-local", v.coa2, udp(v.coa, other.ll, b"link-local")),
			(b"all nodes", v.coa2, udp(v.coa, peer.ALL_NODES, b"all nodes")),
			(b"link-local source", v.coa2, udp(v.ll, other.coa, b"link-local source")),
			(b"nested for another", v.coa2, tries(insider.coa2, udp(insider.coa, other.coa, b"nested for another"))))
		for text, outer, inner in cases:
			s.port.seen.clear()
			s.away.send(tries(outer, inner))
			s.port.wait(lambda: arrived(s.port, text), 2 if text == b"good one" else 0.3)
			s.check(text.decode(), bool(arrived(s.port, text)) == (text == b"good one"))
		# Neighbor Discovery, a key exchange and an update of another's out of the tunnel reach nobody.
		before = s.lab.counters()
		for inner in (forge.na(v.coa, peer.ALL_NODES, v.coa, 0x20, b"\x02\x01" + v.mac), insider.request(kbm=os.urandom(16)),
				forge.ns(v.coa, peer.solicited_node(other.coa), other.coa, b"\x01\x01" + v.mac),
				# By unicast the kernel would forward them.
				forge.ns(v.coa, other.coa, other.coa, b"\x01\x01" + v.mac),
				forge.na(v.coa, other.coa, v.coa, 0x20, b"\x02\x01" + v.mac)):
			s.port.seen.clear()
			s.away.send(tries(v.coa2, inner))
			s.port.serve(0.3)
			s.check("a message in the tunnel is answered or passed on", not s.port.find(lambda m: m.kind in ("KEAck", "NA", "NS") and
				m.f.get("target") in (None, other.coa, v.coa) and (m.kind != "NS" or m.src == v.coa)))	# its kernel may probe
		s.check("nothing was decrypted", s.lab.counters().get("rsa_private") == before.get("rsa_private"))
		deregister(s)
		s.unharmed()
		return s.bad


def deregister(s):
	v = s.victim
	v.bu_seq += 1
	v.send(forge.binding_update(v.coa, v.ar, v.coa, v.bu_seq, 0, v.kbm))
	s.check("the victim comes back", s.port.wait(lambda: s.port.find(lambda m: m.kind == "BA" and m.f["lifetime"] == 0 and m.f["status"] == 0), 3))


def thr_097_solicitation_of_an_intercepted_address(build, directory, printer):
	"""A neighbour's unicast and multicast solicitations for an intercepted address are answered by the router, never tunnelled."""
	with Scene(build, directory) as s:
		bound(s)
		v, n = s.victim, mobile.Host(s.port, 0x30)
		v.answers = False
		for dst, mac in ((v.coa, link.AR_MAC), (peer.solicited_node(v.coa), None)):
			s.port.seen.clear()
			s.away.port.seen.clear()
			n.send(forge.ns(n.ll, dst, v.coa, b"\x01\x01" + n.mac), mac)
			na = s.port.wait(lambda: s.port.find(lambda m: m.kind == "NA" and m.f["target"] == v.coa and m.dst == n.ll), 2)
			s.check("the router answers with its own address", na and na.f.get("lladdr") == link.AR_MAC)
			s.away.port.serve(0.3)
			s.check("nothing enters the tunnel", not s.away.port.find(lambda m: m.outer))
			s.check("one answer", sum(m.kind == "NA" and m.f["target"] == v.coa and m.dst == n.ll for m in s.port.seen) == 1)
		v.answers = True
		deregister(s)
		s.unharmed()
		return s.bad


def thr_095_flush_of_the_ruleset(build, directory, printer):
	"""`nft flush ruleset`, as a firewall's reload does: the steering stays, no ICMPv6 error answers a Binding Update."""
	with Scene(build, directory) as s:
		ar1 = s.lab["ar1"]
		ar1.run("nft", "add table ip6 firewall")
		ar1.run("nft", "flush ruleset")
		s.check("the flush removes other tables", "firewall" not in ar1.run("nft", "list", "ruleset"))
		bound(s)
		s.away.port.serve(0.3)
		s.check("no error comes back", not s.away.port.find(lambda m: m.kind in ("ParamProblem", "Unreachable")))
		deregister(s)
		s.unharmed()
		return s.bad


def control(s):
	c = socket.socket(socket.AF_UNIX)
	c.settimeout(3)
	c.connect(s.lab.ar.run_dir + "/ctl.sock")
	return c


def refused_or_closed(c, data):
	"""What the daemon says to data: b'' when it closes."""
	try:
		c.sendall(data)
		return c.recv(65536)
	except (ConnectionError, BrokenPipeError):
		return b""
	except socket.timeout:
		return None


def thr_086_control_socket(build, directory, printer):
	"""A thousand connections, slow, partial, huge and broken frames, descriptors: Binding Updates are answered meanwhile."""
	with Scene(build, directory) as s:
		soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
		memory, crowd = s.lab.memory(), []
		path = s.lab.ar.run_dir + "/ctl.sock"
		slow = control(s)
		slow.sendall(b'{"cmd": "sh')
		for n in range(1000):
			c = socket.socket(socket.AF_UNIX)
			c.setblocking(False)
			try:
				c.connect(path)
				c.send(b'{"cmd": "sh'[:n % 12])	# slow and partial: never finished
			except OSError:
				pass
			crowd.append(c)
		ba = s.away.update(s.victim)
		s.check("a Binding Update in the crowd", ba and ba.f["status"] == 0)
		for c in crowd:
			c.close()
		wait_for(lambda: s.lab.ar.show() is not None, 5, "the control socket after the crowd")
		for what, data in (("a megabyte", b"x" * (1 << 20)), ("a huge number", b'{"cmd": ' + b"9" * 5000 + b"}\n"),
				("deep nesting", b"[" * 60000 + b"\n"), ("no text", bytes(range(256)) + b"\n"), ("another command", b'{"cmd": "exec"}\n'),
				("a wrong type", b'{"cmd": ["show"]}\n'), ("NUL inside", b'{"cmd": "show\\u0000"}\n')):
			c = control(s)
			answer = refused_or_closed(c, data)
			s.check(what + " is refused or the connection ends", answer is not None and b'"schema"' not in answer, answer and answer[:60])
			c.close()
		c, (a, b) = control(s), socket.socketpair()
		socket.send_fds(c, [b'{"cmd": "show"}\n'], [a.fileno()] * 10)
		c.recv(100)
		for x in (a, b, c):
			x.close()
		engine = s.lab.ar.pids()[1]
		wait_for(lambda: not [1 for f in glob.glob("/proc/%d/fd/*" % engine) if readlink(f).startswith("socket:") and
			int(f.rsplit("/", 1)[1]) > 200], 5, "the descriptors to be gone")
		os.chmod(s.lab.ar.run_dir, 0o755)
		s.check("no other user may connect", as_nobody(s) == "", as_nobody(s))
		os.chmod(path, 0o666)
		s.check("nor is one let in whom the mode lets connect", "permission denied" in as_nobody(s), as_nobody(s))
		os.chmod(path, 0o660)
		s.check("memory is bounded", s.lab.memory() - memory < 16 << 20, s.lab.memory() - memory)
		slow.settimeout(40)	# CONTROL_IDLE_S is 30
		try:
			s.check("a frame that does not go on ends the connection", slow.recv(1) == b"")
		except socket.timeout:
			s.check("a frame that does not go on ends the connection", False)
		s.away.update(s.victim)
		deregister(s)
		s.unharmed()
		return s.bad


def readlink(path):
	try:
		return os.readlink(path)
	except OSError:
		return ""


def as_nobody(s):
	"""What an ordinary user hears at the control socket: "" when it may not connect, "in" when it is not sent away."""
	r, w = os.pipe()
	pid = os.fork()
	if pid == 0:
		try:
			os.chdir(s.lab.ar.run_dir)	# directories above may be root's alone
			os.setgroups([])
			os.setgid(65534)
			os.setuid(65534)
			c = socket.socket(socket.AF_UNIX)
			c.connect("ctl.sock")
			c.settimeout(1)
			os.write(w, c.recv(1000))
		except socket.timeout:
			os.write(w, b"in")
		except OSError:
			pass
		finally:
			os._exit(0)
	os.waitpid(pid, 0)
	os.close(w)
	with os.fdopen(r) as f:
		return f.read()


def thr_087_netlink_spoofing(build, directory, printer):
	"""Messages to the daemon's netlink sockets that are not from the kernel: links stay, addresses stay (CVE-2010-2522 class)."""
	RTM_NEWLINK, RTM_DELLINK, RTM_DELADDR, RTM_NEWNEIGH = 16, 17, 21, 28
	with Scene(build, directory) as s:
		ar1, ports = s.lab["ar1"], []
		for line in ar1.run("cat", "/proc/net/netlink").splitlines()[1:]:
			_, family, pid = line.split()[:3]
			if family == "0" and int(pid):
				ports.append(int(pid))
		s.check("the daemon has netlink sockets", ports)
		index = int(re.search(r"^(\d+): wlan0", ar1.show("-o", "link"), re.M).group(1))
		ll = s.victim.router[0]
		sent = 0
		with in_namespace(ar1.ns):
			n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
		n.bind((0, 0))
		gone = struct.pack("=BxHiII", 0, 1, index, 0, 0xffffffff)
		for kind, body in ((RTM_NEWLINK, gone + struct.pack("=HH", 10, 3) + b"wlan0\0\0\0"), (RTM_DELLINK, gone),
				(RTM_DELADDR, struct.pack("=BBBBI", 10, 64, 0, 0, index) + struct.pack("=HH", 20, 1) + link.AR),
				(RTM_DELADDR, struct.pack("=BBBBI", 10, 64, 0, 253, index) + struct.pack("=HH", 20, 1) + ll),
				(RTM_NEWNEIGH, struct.pack("=BBHiHBB", 10, 0, 0, index, 2, 0, 0))):
			for p in ports:
				for seq in range(1, 4):
					try:
						n.sendto(struct.pack("=IHHII", 16 + len(body), kind, 0, seq, 0) + body, (p, 0))
						sent += 1
					except OSError:
						pass	# no such socket any more, or not to be written to
		n.close()
		s.check("the messages were delivered", sent)
		s.port.serve(0.5)
		shown = [i for i in s.lab.ar.show("interfaces")["interfaces"] if i["name"] == "wlan0"]
		s.check("the link is still up for the daemon", shown and shown[0]["up"] and shown[0]["socket"], shown)
		s.unharmed()
		return s.bad


def status(pid):
	with open("/proc/%d/status" % pid) as f:
		return {k: v.strip() for k, v in (line.split(":", 1) for line in f if ":" in line)}


def memory_has(pid, secrets):
	"""Which of the secrets are anywhere in a process's writable memory."""
	found = set()
	with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
		for line in maps:
			first, access = line.split()[:2]
			if "rw" not in access or "[vvar" in line:
				continue
			a, b = (int(x, 16) for x in first.split("-"))
			try:
				mem.seek(a)
				data = mem.read(b - a)
			except (OSError, ValueError, OverflowError):
				continue
			found |= {name for name, x in secrets.items() if x in data}
	return found


def thr_089_no_secret_is_left(build, directory, printer):
	"""A Kbm is in the memory of the engine process only while its LBSA lives, and never in a log, at the debug level either,
	in an answer of the control socket, in the environment or on a command line; a crash leaves no core."""
	with Scene(build, directory, args=("-d",)) as s:
		v = s.victim
		short = mobile.Host(s.port, 0x50).attach()
		short.begin()
		short.send(short.request(lifetime=8))
		s.check("a short LBSA", s.port.wait(lambda: short.ack, 3) and short.ack.f["status"] == 0)
		s.port.serve(short.window())
		engine, parent = s.lab.ar.pids()[1], s.lab.ar.pids()[0]
		secrets = {"lasting": v.kbm, "ending": short.kbm}
		s.check("both keys are there while they live", memory_has(engine, secrets) == {"lasting", "ending"}, memory_has(engine, secrets))
		wait_for(lambda: s.state(short) is None, 12, "the short LBSA to end", 0.2)
		s.port.serve(0.2)
		s.check("the ended key is gone, the other not", memory_has(engine, secrets) == {"lasting"}, memory_has(engine, secrets))
		s.check("the privileged process has none", not memory_has(parent, secrets), memory_has(parent, secrets))
		with open(s.lab.ar.rsa) as f:
			pem = "".join(f.read().split("\n")[1:4])
		words = [v.kbm.hex(), short.kbm.hex(), pem[:40]]
		with open(s.lab.ar.log) as f:
			log = f.read()
		shown = str(s.lab.ar.show())
		for pid in (engine, parent):
			for what in ("cmdline", "environ"):
				with open("/proc/%d/%s" % (pid, what), "rb") as f:
					shown += f.read().decode(errors="replace")
		for w in words:
			s.check("a secret is shown", w not in log and w not in shown)
		s.check("the log at its debug level tells of messages", "seq " in log)
		s.unharmed()
		os.kill(engine, signal.SIGSEGV)
		s.lab.ar.process.wait(10)
		s.check("a core was left", not glob.glob(s.lab.ar.dir + "/**/core*", recursive=True) and not os.path.exists("core"))
		return s.bad


def thr_090_processes_hold_nothing(build, directory, printer):
	"""Who parses packets has no user, capability or system call to speak of; who has capabilities parses no packets."""
	with Scene(build, directory) as s:
		parent, engine = s.lab.ar.pids()
		st = status(engine)
		s.check("the engine is not root", "0" not in st["Uid"].split() and "0" not in st["Gid"].split(), st["Uid"])
		for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
			s.check("engine: " + k, int(st[k], 16) == 0, st[k])
		s.check("engine: groups", not st["Groups"].strip(), st["Groups"])
		s.check("engine: seccomp", st["Seccomp"] == "2" and st["NoNewPrivs"] == "1")
		# A process that must not be dumped belongs to root in /proc, whoever its user is: he cannot trace it or read it.
		s.check("engine: not dumpable", os.stat("/proc/%d/environ" % engine).st_uid == 0)
		s.check("engine: its root is empty", os.listdir("/proc/%d/root/" % engine) == [])
		for ns in ("net", "mnt", "ipc"):
			s.check("engine: own %s namespace" % ns, readlink("/proc/%d/ns/%s" % (engine, ns)) != readlink("/proc/%d/ns/%s" % (parent, ns)))
		st = status(parent)
		net_admin, net_raw = 1 << 12, 1 << 13
		s.check("privileged: capabilities", int(st["CapEff"], 16) == net_admin | net_raw, st["CapEff"])
		s.check("privileged: bounding set", int(st["CapBnd"], 16) & ~(net_admin | net_raw) == 0, st["CapBnd"])
		s.check("privileged: no new privileges", st["NoNewPrivs"] == "1")
		s.check("privileged: no packet socket", not packet_sockets(s.lab, parent))
		for pid in (parent, engine):
			with open("/proc/%d/limits" % pid) as f:
				s.check("no core files", re.search(r"Max core file size +0 +0", f.read()))
		s.unharmed()
		return s.bad


def packet_sockets(lab, pid):
	"""Inodes of AF_PACKET sockets a process holds (in the router's namespace)."""
	inodes = {line.split()[-1] for line in lab["ar1"].run("cat", "/proc/net/packet").splitlines()[1:]}
	held = {readlink(f)[8:-1] for f in glob.glob("/proc/%d/fd/*" % pid) if readlink(f).startswith("socket:[")}
	return inodes & held


def thr_038_041_snooping_bridge(build, directory, printer):
	"""On a bridge that snoops and queries, the router is a member of the care-of address's group: a thief's detection reaches
	it, before and after a forged Done."""
	with Scene(build, directory) as s:
		# The group of an address that ends as one of the router's own would be there without us: the victim's does.
		sw, v = s.lab["sw"], mobile.Host(s.port, 0x4711).attach()
		v.exchange()
		sw.sysctl(l1__dad_transmits=0, l1__accept_dad=0)
		sw.sysctl(l1__disable_ipv6=0)
		wait_for(lambda: "fe80::" in sw.show("-6", "addr", "show", "dev", "l1", "-tentative"), 5, "the querier's address")
		sw.ip("link set l1 type bridge mcast_startup_query_interval 100 mcast_query_response_interval 100 mcast_last_member_interval 50",
			"link set l1 type bridge mcast_snooping 1 mcast_querier 1")
		group = peer.solicited_node(v.coa)
		words = packet.text(group)
		member = lambda: re.search(r"port ar1-wlan0 grp %s" % words, sw.run("bridge", "mdb", "show"))
		wait_for(member, 20, "the router's membership in the bridge's table", 0.1)
		thief = s.attacker()
		v.answers = False	# it has left; the cached advertisement defends

		def defended():
			s.x.seen.clear()
			thief.send(forge.ns(bytes(16), group, v.coa))
			return s.x.wait(lambda: s.x.find(lambda m: m.kind == "NA" and m.f["target"] == v.coa), 2)
		s.check("the thief's detection is answered", defended())
		done = bytes([peer.ICMP6, 0, 5, 2, 0, 0, 1, 0])	# hop-by-hop options: Router Alert
		body = bytes([132, 0, 0, 0, 0, 0, 0, 0]) + group
		body = peer.patch(body, 2, peer.checksum(thief.ll, peer.ALL_ROUTERS, peer.ICMP6, body))
		s.inject(peer.ip6(0, thief.ll, peer.ALL_ROUTERS, done + body, 1), to=peer.group_mac(peer.ALL_ROUTERS))
		s.port.serve(1.5)	# at most one advertisement a second, and the last member queries are over
		s.check("still a member after a forged Done", member())
		s.check("and after it too", defended())
		v.answers = True
		# The raw hosts report no membership themselves: they need a link that floods.
		sw.ip("link set l1 type bridge mcast_snooping 0")
		s.unharmed()
		return s.bad


SEND_OPTIONS = b"\x0b\x02\0\0" + bytes(12) + b"\x0d\x02" + bytes(14) + b"\x0e\x01" + b"\x01\x02\x03\x04\x05\x06" + b"\x0c\x03" + bytes(22)


def lke_212_send_options(build, directory, printer):
	"""Options of SEND (CGA, Timestamp, Nonce, RSA Signature) beside ours: unknown to us, covered by the MACs."""
	with Scene(build, directory) as s:
		h = mobile.Host(s.port, 0x60).attach()
		h.options = SEND_OPTIONS
		h.exchange()
		s.check("the LBSA is valid", s.state(h) == "valid", s.state(h))
		s.check("it answered with them", h.defended == 1)
		s.unharmed()
		return s.bad


def draft_7_link_layer_spoofing_known_limit(build, directory, printer):
	"""Recorded, not wished for: who takes a silent host's link-layer and link-local address gets an LBSA for its care-of
	address (draft 7, SEQUENCES 6.4d).  A host whose own LBSA lives is safe from it."""
	with Scene(build, directory) as s:
		sleeper = mobile.Host(s.port, 0x70).attach()
		s.check("the sleeper was here", sleeper.known_to_kernel())
		sleeper.answers = False
		# Who spoofs an address on a bridge gets its frames, too.
		s.lab["sw"].run("bridge", "link", "set", "dev", "x-eth0", "learning", "on")
		spoofer = s.attacker()
		spoofer.mac, spoofer.ll, spoofer.coa = sleeper.mac, sleeper.ll, sleeper.coa
		spoofer.exchange()
		s.check("known limit: the spoofer's LBSA is valid", s.state(spoofer) == "valid", s.state(spoofer))
		v = s.victim
		v.answers = False
		s.port.serve(3.0)	# a link-local address has one request in three seconds
		spoofer.mac, spoofer.ll, spoofer.coa, spoofer.ack = v.mac, v.ll, v.coa, None
		try:
			spoofer.exchange(tries=1)
			s.check("a proved LBSA is not replaced", False)
		except LabError as e:
			s.check("a proved LBSA is not replaced", "129" in str(e), e)
		v.answers = True
		s.x.hosts.remove(spoofer)
		s.port.serve(3.0)
		s.unharmed()
		return s.bad


def refusal(s, conf_text, mode=0o600):
	"""What `lked --check` says to such a configuration file: (status, words)."""
	path = write(os.path.join(s.lab.dir, "other.conf"), conf_text, mode)
	os.chmod(path, mode)
	p = subprocess.run([s.lab.ar.lked, "--check", "-c", path], capture_output=True, text=True, timeout=30)
	return p.returncode, p.stdout + p.stderr


def thr_091_configuration_and_signals(build, directory, printer):
	"""A million lines, injected lines, a file anybody may write: refused with file and line.  SIGHUP with a broken file and
	friends of the running daemon's processes change nothing."""
	with Scene(build, directory) as s:
		good = s.lab.ar.conf
		for what, text, mode, words in (("a million lines", "[AccessRouter]\n" + "Nonsense = 1\n" * 1000000, 0o600, "other.conf:"),
				("a line of a megabyte", "[AccessRouter]\nInterface = " + "w" * (1 << 20) + "\n", 0o600, "other.conf:"),
				("a section in a value", "[AccessRouter]\nInterface = wlan0 [MobileNode]\n", 0o600, "other.conf:2"),
				("escapes in a name", "[AccessRouter]\nInterface = \x1b[31mred\n", 0o600, "not a text file"),
				("writable by everybody", "[AccessRouter]\nInterface = wlan0\n", 0o666, "other.conf")):
			status, said = refusal(s, text, mode)
			s.check(what + " is refused", status not in (0, -11, -6) and words in said, (status, said[-200:]))
			s.check(what + ": a few words", len(said) < 20000 and "\x1b" not in said, len(said))
		s.check("the good file is", subprocess.run([s.lab.ar.lked, "--check", "-c", good], capture_output=True, timeout=30).returncode == 0)
		with open(good, "a") as f:
			f.write("Nonsense = 1\n")
		for pid in s.lab.ar.pids():
			for sig in (signal.SIGHUP, signal.SIGPIPE):
				os.kill(pid, sig)
		s.port.serve(0.3)
		s.unharmed()
		return s.bad


def thr_093_log_flood(build, directory, printer):
	"""Thousands of forged and broken packets: ten lines a second of a class at most, at the debug level too, and the number of
	those left out."""
	with Scene(build, directory, args=("-d",)) as s:
		a, v = s.attacker(), s.victim
		a.answers = False
		bu = forge.binding_update(v.coa2, v.ar, v.coa, 7, 60, os.urandom(16))
		broken = a.request()
		kinds = ((s.away.send, bu), (s.inject, broken), (s.inject, broken[:68] + bytes([broken[68] ^ 1]) + broken[69:]),
			(s.inject, a.request(hop_limit=64)), (s.inject, forge.na(a.coa, peer.ALL_NODES, v.coa, 0x20, b"\x02\0")))
		before, start = log_lines(s), time.monotonic()
		for n in range(4000):
			send, p = kinds[n % len(kinds)]
			send(p)
		s.settle(s.x)
		s.away.port.serve(0.5)
		seconds = time.monotonic() - start
		after = log_lines(s)
		peers = after["dropped"] - before["dropped"]
		s.check("something is logged", peers > 0)
		s.check("drops: at most ten lines a second and the burst", peers <= 10 * (seconds + 1) + 1, (peers, seconds))
		s.unharmed()
		s.check("the number of lines left out is told", log_lines(s)["left out"] > before["left out"])
		return s.bad


def log_lines(s):
	with open(s.lab.ar.log) as f:
		lines = f.readlines()
	return {w: sum(w in line for line in lines) for w in ("dropped", "left out")}


TESTS = {f.__name__: f for f in (thr_072_073_074_reverse_tunnel, thr_097_solicitation_of_an_intercepted_address,
	thr_095_flush_of_the_ruleset, thr_086_control_socket, thr_087_netlink_spoofing, thr_089_no_secret_is_left,
	thr_090_processes_hold_nothing, thr_091_configuration_and_signals, thr_093_log_flood, thr_038_041_snooping_bridge,
	lke_212_send_options, draft_7_link_layer_spoofing_known_limit)}
