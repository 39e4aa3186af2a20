# SPDX-License-Identifier: ISC
"""A flood of Key Exchange Requests at a real access router, and what honest nodes notice of it (THREATS 1 to 3).

Measured beside the flood: answers to Binding Updates and, as the limit, those of a UDP echo server on the same path;
renewals and first exchanges; processor time of the RSA thread and of the engine; memory.
"""
import json
import os
import socket
import struct
import time

import forge
import link
import mobile
import packet
from topology import LabError, wait_for

ECHO_PORT = 7
FIRST_RETRY = 4.0	# of a mobile node, AMB-058
THIRD = "2001:db8:3::"	# a network reached over the flooded link: its Binding Updates come in with the flood


class Threads:
	"""Processor seconds of the RSA thread and of the engine's own, since the object was made."""

	def __init__(self, daemon):
		engine = daemon.pids()[1]
		tasks = "/proc/%d/task" % engine
		self.path = {"engine": "%s/%d/schedstat" % (tasks, engine)}
		for t in os.listdir(tasks):
			with open("%s/%s/comm" % (tasks, t)) as f:
				if f.read().strip() == "lked-rsa":
					self.path["rsa"] = "%s/%s/schedstat" % (tasks, t)
		if "rsa" not in self.path:
			raise LabError("the daemon has no RSA thread")
		self.zero, self.start = self._read(), time.monotonic()

	def _read(self):
		out = {}
		for name, path in self.path.items():
			with open(path) as f:
				out[name] = int(f.read().split()[0]) / 1e9
		return out

	def shares(self):
		"""{name: part of one processor}"""
		elapsed = time.monotonic() - self.start
		return {k: (v - self.zero[k]) / elapsed for k, v in self._read().items()}


class Exchanges:
	"""Key exchanges of many hosts at once, each with the retransmission timer of a mobile node."""

	def __init__(self, port, hosts):
		self.port = port
		self.due = {h: 0.0 for h in hosts}
		self.tries = {h: 0 for h in hosts}
		self.took = {}

	def start(self, spread):
		now = time.monotonic()
		for i, h in enumerate(self.due):
			h.begin()
			self.due[h] = now + spread * i / len(self.due)

	def step(self):
		now = time.monotonic()
		for h, due in self.due.items():
			if h in self.took:
				continue
			if h.ack is not None:
				self.took[h] = self.tries[h]
			elif now >= due and self.tries[h] < 3:
				h.ask()
				self.due[h] = now + FIRST_RETRY * (1 << self.tries[h])
				self.tries[h] += 1
		return False


class Flood:
	"""The prepared flood; start() begins, end() waits for it and returns what it did."""

	def __init__(self, lab, build, router, count, rate, answering):
		ll, mac, key = router
		path = os.path.join(lab.dir, "router.der")
		with open(path, "wb") as f:
			f.write(key)
		self.out = open(os.path.join(lab.dir, "flood.out"), "w+")
		self.rate, self.count = rate, count
		self.p = lab["x"].popen([build + "/lab/flood", "eth0", mac.hex(":"), packet.text(ll), "2001:db8:1::", path, str(count),
			str(rate), str(answering)], self.out, stdin=-1)
		self.lab = lab

	def said(self):
		self.out.seek(0)
		text = self.out.read()
		if self.p.poll() not in (None, 0):
			raise LabError("flood ended: " + text)
		return text

	def prepared(self):
		wait_for(lambda: "ready" in self.said(), 60 + self.count / 5000, "the flood to be prepared", 0.1)

	def start(self):
		self.p.stdin.write(b"\n")
		self.p.stdin.flush()

	def end(self):
		self.p.wait(10 + 3 * self.count / self.rate)
		self.lab.processes.remove(self.p)
		return json.loads(self.said().split("\n")[1])


class AnswerTimes:
	"""Binding Updates of one mobile node and UDP echoes, in turn, from the same address on the same path."""

	def __init__(self, lab, build, name, node, dev, ar_mac, host, mac):
		self.lab, self.build, self.name, self.node, self.dev = lab, build, name, node, dev
		self.ar_mac, self.host, self.mac = ar_mac, host, mac
		self.frames = os.path.join(lab.dir, name + ".frames")
		self.out = os.path.join(lab.dir, name + ".times")

	def start(self, rate, seconds):
		h = self.host
		with open(self.frames, "wb") as f:
			for i in range(int(rate * seconds / 2)):
				h.bu_seq = (h.bu_seq + 1) & 0xffff
				bu = forge.binding_update(h.coa2, h.ar, h.coa, h.bu_seq, 240, h.kbm)
				echo = forge.udp(h.coa2, h.ar, 4000, ECHO_PORT, struct.pack("!H", i & 0xffff) + bytes(54))
				for p in (bu, echo):
					frame = forge.ether(self.ar_mac, self.mac, p)
					f.write(struct.pack("!H", len(frame)) + frame)
		log = open(self.out + ".log", "w")
		self.p = self.lab[self.node].popen([self.build + "/lab/answer_probe", self.dev, self.frames, str(rate), self.out], log)

	def end(self):
		self.p.wait(120)
		self.lab.processes.remove(self.p)
		times = {"bu": [], "udp": []}
		with open(self.out) as f:
			for line in f:
				kind, value = line.split()
				times[kind].append(float("inf") if value == "lost" else int(value) / 1e6)
		return {kind: {"n": len(v), "lost": v.count(float("inf")), "p50_ms": quantile(v, 0.5), "p99_ms": quantile(v, 0.99)}
			for kind, v in times.items()}


def quantile(values, q):
	values = sorted(values)
	v = values[min(len(values) - 1, int(q * len(values)))] if values else float("inf")
	return v if v == float("inf") else round(v, 3)


class Run:
	"""One flood against one router with honest nodes beside it."""

	def __init__(self, build, directory, hosts=10, profile=""):
		self.build, self.hosts = build, hosts
		self.lab = link.Link(directory, build, profile)

	def __enter__(self):
		self.lab.__enter__()
		self.port = mobile.Port(self.lab["hosts"], "wlan0")
		self.away = mobile.Away(self.lab)
		self._echo_server()
		self.renewing = [mobile.Host(self.port, n) for n in range(1, self.hosts + 1)]
		self.first = [mobile.Host(self.port, n) for n in range(101, self.hosts + 101)]
		self.movers = [mobile.Host(self.port, n) for n in (201, 202)]
		self._settle()
		return self

	def __exit__(self, *exc):
		self.port.close()
		self.away.close()
		self.lab.__exit__(*exc)

	def _echo_server(self):
		log = os.path.join(self.lab.dir, "echo.log")
		self.lab["ar1"].popen([self.build + "/lab/udp_echo", str(ECHO_PORT)], open(log, "w"))
		wait_for(lambda: "ready" in open(log).read(), 5, "the echo server")

	def _settle(self):
		"""Everybody is known, the renewing hosts and the movers have their LBSA, the movers are bound."""
		everybody = self.renewing + self.first + self.movers
		everybody[0].attach()
		for h in everybody:
			h.router = everybody[0].router
			if not h.known_to_kernel():
				raise LabError("the router does not answer an echo request")
		x = Exchanges(self.port, self.renewing + self.movers)
		x.start(0)
		self.port.wait(lambda: x.step() or len(x.took) == len(x.due), 15)
		if len(x.took) != len(x.due):
			raise LabError("key exchanges did not end before the flood")
		self.port.serve(1.3)
		a, b = self.movers
		# One moves behind the router, the other to a network that is reached over the flooded link.
		b.coa2 = packet.octets(THIRD)[:8] + b.coa2[8:]
		self.lab["ar1"].ip("route add %s/64 dev wlan0" % THIRD,
			"neigh replace %s lladdr %s dev wlan0 nud permanent" % (packet.text(b.coa2), b.mac.hex(":")))
		self._bind(a, self.away.update, self.away.send)
		self._bind(b, self._update_on_link, lambda p: b.send(p))

	def _update_on_link(self, h):
		h.bu_seq += 1
		h.send(forge.binding_update(h.coa2, h.ar, h.coa, h.bu_seq, 240, h.kbm))
		return self.port.wait(lambda: self.port.find(lambda m: m.kind == "BA" and m.dst == h.coa2), 3)

	@staticmethod
	def _bind(h, update, send):
		ba = update(h)
		if ba is None or ba.f["status"] or not mobile.authentic(ba, h.kbm):
			raise LabError("no binding before the flood")
		send(forge.finished(h.coa2, h.ar, h.coa, ba.f["seq"], ba.f["lifetime"] * 4, ba.f["finished_request"], h.kbm))

	def flood(self, rate, seconds, answering, bu_rate=100):
		"""Returns everything measured, as a dictionary."""
		f = Flood(self.lab, self.build, self.renewing[0].router, int(rate * seconds), rate, answering)
		f.prepared()
		self.port.seen.clear()
		probes = [AnswerTimes(self.lab, self.build, "uplink", "far", "eth0", link.AR_FAR_MAC, self.movers[0], self.away.mac),
			AnswerTimes(self.lab, self.build, "flooded", "hosts", "wlan0", link.AR_MAC, self.movers[1], self.movers[1].mac)]
		before, memory, threads = self.lab.counters(), self.lab.memory(), Threads(self.lab.ar)
		x = Exchanges(self.port, self.renewing + self.first)
		f.start()
		self.port.serve(0.5)
		for p in probes:
			p.start(2 * bu_rate, seconds - 1)
		x.start(2)
		most = [memory]

		def step():
			x.step()
			most[0] = max(most[0], self.lab.memory())
			return f.p.poll() is not None
		self.port.wait(step, 3 * seconds + 5)
		shares, after = threads.shares(), self.lab.counters()
		out = f.end()
		out["times"] = {p.name: p.end() for p in probes}
		self.port.wait(lambda: x.step() or len(x.took) == len(x.due), 2)
		self.port.serve(1.3)
		out["rsa_share"], out["engine_share"] = round(shares["rsa"], 4), round(shares["engine"], 4)
		out["memory_growth"] = max(most[0], self.lab.memory()) - memory
		out["counters"] = {k: v - before.get(k, 0) for k, v in after.items() if isinstance(v, int) and v != before.get(k, 0)}
		for name, group in (("renewals", self.renewing), ("first", self.first)):
			out[name] = {"of": len(group), "done": sum(self._usable(h) for h in group if h in x.took),
				"transmissions": [x.took.get(h) for h in group]}
		return out

	def _usable(self, h):
		"""The LBSA of the last exchange is valid: it signs an accepted Binding Update."""
		if h.ack.f["status"]:
			return False
		ba = self.away.update(h)
		return ba is not None and ba.f["status"] == 0 and mobile.authentic(ba, h.kbm)
