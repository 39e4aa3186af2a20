# SPDX-License-Identifier: ISC
"""Figure 2.1 of the draft and what follows it, on real packets: the steps of the demonstration."""
import os
import time

import analyse
import capture
import checks
import packet
from nodes import Fleet
from story import HOME, Names, Printer, carried
from topology import CN_ADDRESS, HOME_ADDRESS, Lab, LabError, wait_for

POINTS = (("mn", "wlan0"), ("sw", "thief-eth0"), ("sw", "ha-home0"), ("sw", "ha-core0"), ("sw", "ar1-core0"),
	("sw", "ar2-core0"), ("sw", "ar3-core0"))


def dropped_by_machine():
	"""Packets that the kernel had no room for before it came to look at them (net.core.netdev_max_backlog)."""
	with open("/proc/net/softnet_stat") as f:
		return sum(int(line.split()[1], 16) for line in f)


class Step:
	def __init__(self, title, start):
		self.title, self.start, self.end, self.cut, self.checks, self.test = title, start, None, None, [], None
		self.before_exchange = False


class Story:
	"""One run.  Context manager: everything is taken down again, whatever happens."""

	def __init__(self, build, directory, printer=None, gap=0.06, tcp_on=HOME_ADDRESS, delay=0.0, loss=0.0):
		self.build, self.dir, self.gap = build, directory, gap
		self.delay, self.loss = delay, loss	# one way, between the home agent and everybody else
		self.p = printer or Printer()
		self.lab = Lab(os.path.join(directory, "work"))
		self.steps, self.moves, self.probes = [], [], {}
		self.asked = {}		# number of an announced move -> when `lke handover` was given
		self.dropped_before = dropped_by_machine()
		self.dropped = {}	# number of a move -> packets that this machine dropped meanwhile
		self.tcp_on, self.tcp_file, self.tcp = tcp_on, None, None
		self.exits, self.plain = {}, None

	def __enter__(self):
		self.lab.__enter__()
		try:
			self._start()
		except BaseException:
			self.lab.close()
			raise
		return self

	def __exit__(self, *exc):
		if getattr(self, "watcher", None):
			self.watcher.close()
		self.lab.close()

	def _start(self):
		if self.delay or self.loss:
			self.lab.relay(self.build, "ha", "core0", "core", self.delay, self.loss)
		self.names = Names(self.lab)
		self.scene = checks.Scene(self.names)
		self.fleet = Fleet(self.lab, self.build)
		self.keys = self.fleet.learn(packet.Keys())
		self.path = os.path.join(self.dir, "capture.pcapng")
		if os.path.exists(self.path):
			os.unlink(self.path)
		# All that passes the mobile node's interface; elsewhere the signalling alone.
		self.recorder = capture.Recorder(self.lab,
			[(n, i, "" if n == "mn" else capture.SIGNALLING) for n, i in POINTS], self.path)
		self.watcher = capture.Watcher(self.lab, POINTS, self.keys)
		self.zero = self.told = time.time()
		self.fleet.start()

	# ---- steps -------------------------------------------------------------------------------------------------
	def step(self, title, before_exchange=False):
		s = Step(title, time.time())
		s.before_exchange = before_exchange
		self.steps.append(s)
		self.p.title(title)
		return s

	def finish(self, test=None, extra=(), start=None):
		"""Prints the step's messages, then judges those since `start`.  test(messages) -> [(what, held, detail)]."""
		s = self.steps[-1]
		s.start, s.end, s.test = start or s.start, time.time(), test
		self.watcher.settle()
		ms = self.watcher.since(s.start)
		self._tell(s, ms)
		for what, held, detail in (test(ms) if test else []) + list(extra):
			self.judge(what, held, detail)

	def _tell(self, s, ms):
		"""A key exchange that began during this step belongs to the story of the next one."""
		begins = [m.ts for m in ms if m.kind == "KEReq" and m.ts >= self.told] if s.before_exchange else []
		s.cut = min(begins, default=s.end)
		for m in self.watcher.since(self.told):
			if m.ts < s.cut:
				self._print(m)
		self.told = s.cut

	def judge(self, what, held, detail=""):
		held = bool(held)
		self.steps[-1].checks.append({"check": what, "ok": held, "detail": detail})
		self.p.check(what, held, detail)

	def not_judged(self, what, why):
		"""A check that this machine cannot answer: neither good nor bad."""
		self.steps[-1].checks.append({"check": what, "ok": True, "judged": False, "detail": why})
		self.p.check(what, None, why)

	def _print(self, m):
		row = self.row(m)
		if row:
			self.p.message(row[1] - self.zero, row[2], row[3], row[4], row[5], m.verdict())

	def row(self, m):
		"""A line of the story, or None for chatter: address resolution between neighbours, multicast listening."""
		if m.kind not in ("RS", "RA", "NS", "NA", "KEReq", "KEAck", "BU", "BA", "BRR", "BE", "Finished", "ESP"):
			return None
		src, dst = self.names.source(m), self.names.destination(m)
		if m.kind in ("NS", "NA") and not self._tells(m):
			return None
		if m.kind in ("RS", "RA") and "MN" not in (src, dst) and "mn-wlan0" not in m.seen:
			return None
		return ("message", m.ts, src, dst, m.kind, carried(m, self.names), m.verdict() in ("ok", ""))

	def _tells(self, m):
		t = m.f.get("target")
		mine = t == HOME or t in self.scene.coa.values()
		if m.kind == "NS":
			return mine and m.src == bytes(16) or "hmac" in m.f
		return "hmac" in m.f or (mine and m.dst[0] == 0xff)

	# ---- facts -------------------------------------------------------------------------------------------------
	def see(self, test, seconds, what, since=None):
		return self.watcher.wait(test, seconds, what, self.steps[-1].start if since is None else since)

	def address_on_mn(self, addr, seconds=3):
		wait_for(lambda: addr + "/" in self.lab["mn"].show("-6", "addr", "show", "to", addr), seconds,
			"the mobile node to hold " + addr, 0.02)

	def valid_lbsa(self, n, seconds=6):
		"""AR n has verified the duplicate address detection of its LBSA."""
		coa = packet.text(self.scene.coa[n])
		wait_for(lambda: self.fleet.ar[n].lbsa_state(coa) == "valid", seconds, "a valid LBSA at AR%d" % n, 0.05)

	def start_probe(self, name, address, port):
		pair = []
		for node, me, peer in (("cn", CN_ADDRESS, address), ("mn", address, CN_ADDRESS)):
			f = os.path.join(self.lab.dir, "%s-%s.txt" % (name, node))
			pair.append((self._tool(node, "udp_probe", me, str(port), peer, str(port), "1000", f), f))
		self.probes[name] = pair

	def _tool(self, node, tool, *args):
		log = os.path.join(self.lab.dir, "%s-%s-%d.log" % (tool, node, len(self.lab.processes)))
		p = self.lab[node].popen([self.build + "/lab/" + tool, *args], open(log, "w"))
		wait_for(lambda: self._said(log, p, tool), 5, tool + " to start")
		return p

	@staticmethod
	def _said(log, p, tool):
		with open(log) as f:
			text = f.read()
		if p.poll() is not None:
			raise LabError("%s ended: %s" % (tool, text))
		return "ready" in text

	def start_tcp(self):
		"""One connection, opened once, from the correspondent to the mobile node; 4 Mbit/s."""
		self.tcp_file = os.path.join(self.lab.dir, "tcp.txt")
		a = self._tool("mn", "tcp_probe", "listen", self.tcp_on, "7001", self.tcp_file)
		b = self._tool("cn", "tcp_probe", "send", CN_ADDRESS, self.tcp_on, "7001", "4000", self.tcp_file + ".sender")
		self.tcp = (a, b)

	def reaches(self, node, address, seconds=5):
		try:
			wait_for(lambda: " 0% packet loss" in self.lab[node].run("ping", "-c", "1", "-W", "1", address, check=False),
				seconds, "an answer from " + address)
			return True
		except LabError:
			return False

	def measure(self, lost, back, seconds=1.2):
		"""The numbers of a handover need probes of a whole second after it."""
		left = back + seconds - time.time()
		if left > 0:
			time.sleep(left)
		self.dropped.setdefault(len(self.moves) - 1, dropped_by_machine() - self.dropped_before)

	# ---- the story ---------------------------------------------------------------------------------------------
	def attach(self):
		self.step("1  The mobile node attaches to AR1's link and registers with its home agent", True)
		up = self.lab.attach("l1")
		ba = self.see(checks.home_ba, 10, "the home agent's Binding Acknowledgement")
		self.names.learn_coa(ba.dst, "CoA1")
		self.scene.coa[1] = ba.dst
		coa1 = packet.text(ba.dst)
		self.address_on_mn(coa1)
		self.address_on_mn(HOME_ADDRESS)
		home = self.reaches("cn", HOME_ADDRESS), self.reaches("host", HOME_ADDRESS)
		self.start_probe("home", HOME_ADDRESS, 7010)
		self.start_probe("coa1", coa1, 7011)
		self.start_tcp()
		self.finish(lambda ms: checks.attach_ar1(ms, self.scene, up),
			[("the correspondent reaches the home address through the home agent's tunnel", home[0], ""),
				("a host of the home link reaches it too, by proxy Neighbor Discovery", home[1], "")])
		self.p.note("CoA1 is %s.  From here on 4 x 1,000 probes a second and one TCP connection." % coa1)

	def exchange(self, n, title):
		before = self.steps[-1].start
		self.step(title)
		coa = self.scene.coa[n]
		self.see(lambda m: m.kind == "NA" and "hmac" in m.f and m.f["target"] == coa, 12,
			"the authenticated Neighbor Advertisement for CoA%d" % n, before)
		self.valid_lbsa(n)
		self.finish(lambda ms: checks.key_exchange(ms, self.scene, n), start=before)

	def try_thief(self, title, cached):
		self.step(title)
		coa1 = packet.text(self.scene.coa[1])
		x = self.lab["thief"]
		x.ip("addr add %s/64 dev eth0" % coa1)
		failed = True
		try:
			wait_for(lambda: "dadfailed" in x.show("-6", "addr", "show", "dev", "eth0"), 6, "dadfailed", 0.05)
		except LabError:
			failed = False
		x.show("addr", "del", coa1 + "/64", "dev", "eth0")
		self.finish(lambda ms: checks.thief(ms, self.scene, cached),
			[("the other host's kernel gives CoA1 up", failed, "dadfailed" if failed else "it took the address")])

	def announce(self):
		"""`lke handover`, waited for: the link may go then.  When it was given, and how long its answer took."""
		asked, start = time.time(), time.monotonic()
		answer = self.fleet.mn.ask("handover")
		took = time.monotonic() - start
		if not (answer or {}).get("ok"):
			raise LabError("lke handover: %s" % answer)
		return asked, took

	def link_of_mn(self):
		"""Number of the router whose link the mobile node is on, and its care-of address there."""
		n = self.moves[-1][1] if self.moves else 1
		return n, self.scene.coa.get(n)

	def move(self, n, title, announced=False):
		self.step(title, True)
		ar1 = self.scene.ar(1)
		old, coa = self.link_of_mn()
		self.dropped_before = dropped_by_machine()
		if announced:
			self.asked[len(self.moves)], _ = self.announce()
		lost, back = self.lab.move("l%d" % n, self.gap)
		self.moves.append([title[3:], n, lost, back])
		told = lambda ms: checks.announced(ms, self.scene, coa, self.scene.ar(old), lost) if announced else []
		if n == 1:
			self.see(lambda m: checks.local_ba(m, ar1) and m.f["lifetime"] == 0, 8, "the BA to the de-registration", back)
		else:
			ba = self.see(lambda m: checks.local_ba(m, ar1), 8, "AR1's Binding Acknowledgement", back)
			self.names.learn_coa(ba.dst, "CoA%d" % n)
		self.measure(lost, back)
		if n == 1:
			self.finish(lambda ms: told(ms) + checks.home_coming(ms, self.scene, back))
		else:
			bound = len(self.moves) > 1 and self.moves[-2][1] != 1
			self.finish(lambda ms: told(ms) + checks.handover(ms, self.scene, n, back, bound))

	def stop_traffic(self):
		for pair in self.probes.values():
			for process, _ in pair:
				self.exits["probe"] = self.exits.get("probe", 0) | self.lab.stop(process)
		if self.tcp:
			sender, listener = self.tcp[1], self.tcp[0]
			self.exits["tcp sender"] = self.lab.stop(sender)
			try:
				self.exits["tcp listener"] = listener.wait(5)
			except Exception:
				self.exits["tcp listener"] = self.lab.stop(listener)

	def plain_mobile_ipv6(self):
		self.step("5  Case (1) of the draft: a link whose router (stock radvd) has no LKE")
		lost, back = self.lab.move("l4", self.gap)
		self.plain = ("On to AR4: plain Mobile IPv6", 4, lost, back)
		ba = self.see(lambda m: checks.home_ba(m) and m.f["status"] == 0 and checks.on_prefix(m.dst, 4), 15,
			"the home agent's BA to CoA4", back)
		self.names.learn_coa(ba.dst, "CoA4")
		self.scene.coa[4] = ba.dst
		reached = self.reaches("cn", HOME_ADDRESS)
		# The exchange with an LKE router starts right after the BA: one second without it is its absence.
		self.measure(lost, ba.ts)
		self.finish(lambda ms: checks.plain_mipv6(ms, self.scene, back),
			[("the correspondent reaches the home address at CoA4", reached, "")])

	def stop_daemons(self):
		for name, d in [("mn", self.fleet.mn), ("ha", self.fleet.ha)] + [("ar%d" % n, d) for n, d in self.fleet.ar.items()]:
			self.exits["lked " + name] = self.exits.get("lked " + name, 0) | d.stop()
		self.recorder.close()

	def figure_2_1(self):
		self.attach()
		self.exchange(1, "2  Local key exchange with AR1 (Figure 2.1)")

	def tell(self):
		self.figure_2_1()
		self.try_thief("2b Another host of AR1's link tries to take CoA1", True)
		self.move(2, "3  Handover to AR2, announced: AR1 becomes the temporary home agent", True)
		self.exchange(2, "4  Local key exchange with AR2, authorised by the BA that came through it")
		self.try_thief("4a The other host tries CoA1 again while the mobile is away", False)
		self.move(1, "4b Back to AR1, announced: de-registration", True)
		self.move(3, "4c On to AR3, announced: `oldest` keeps AR1 as the temporary home agent", True)
		self.exchange(3, "4d Local key exchange with AR3")
		self.move(2, "4e On to AR2 again, announced", True)
		self.move(3, "4f On to AR3 again, unannounced: the packets of the link gap are lost")
		self.plain_mobile_ipv6()
		self.stop_traffic()
		self.stop_daemons()

	# ---- the numbers -------------------------------------------------------------------------------------------
	def flows(self):
		out = []
		for name, ((_, cn), (_, mn)) in self.probes.items():
			out += analyse.streams(name, cn, mn)
		return out

	def marks(self, ms, n, lost, back):
		"""When the messages of a handover passed the mobile's port."""
		end = back + 1.0
		pick = lambda t: next((m.ts for m in ms if lost <= m.ts <= end and t(m)), None)
		ar1 = self.scene.ar(1)
		return {"RS": pick(lambda m: m.kind == "RS" and self.names.source(m) == "MN"),
			"RA": pick(lambda m: m.kind == "RA" and self.names.source(m) == "AR%d" % n),
			"BU": pick(lambda m: checks.local_bu(m, ar1)), "BA": pick(lambda m: checks.local_ba(m, ar1)),
			"Finished": pick(lambda m: m.kind == "Finished")}

	def numbers(self, ms):
		flows = self.flows()
		out = []
		for k, (title, n, lost, back) in enumerate(self.moves):
			marks = self.marks(ms, n, lost, back)
			h = analyse.handover(title.strip(), lost, back, flows, marks)
			h["dropped_by_machine"] = self.dropped.get(k, 0)
			if k in self.asked:
				marks["lke handover"] = self.asked[k]
				h["announced"] = analyse.announced(flows, self.asked[k], back)
				h["announced"]["unanswered"] = [self.names.addr(a) for a in checks.unanswered(ms, self.asked[k], lost)]
			if self.tcp_file:
				h["tcp_stall_ms"] = round(analyse.tcp(self.tcp_file, lost - 0.01, back + 1.0)[2] * 1e3, 1)
			out.append((h, lost, back, marks))
		away = [(m[2], m[3]) for m in self.moves]
		if self.plain:
			# From here on the old care-of address may be gone: not this machine's noise.
			away.append((self.plain[2], float("inf")))
		return out, flows, analyse.noise(flows, away)
