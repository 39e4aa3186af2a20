# SPDX-License-Identifier: ISC
"""Records what passes the ports of `sw`: all of it into a pcapng file, the signalling also live for the waiting."""
import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time

import packet
from topology import LabError, in_namespace, wait_for

SNAPLEN, SNAPLEN_SIGNALLING = 640, 1600	# a Key Exchange Request of RSA-4096 has 606 octets
SIGNALLING = "ip6 and not udp and not tcp and not (ip6[6] = 41)"
SO_ATTACH_FILTER, SO_TIMESTAMPNS = 26, 35


def compiled(expression):
	"""Classic BPF of a tcpdump expression, as (code, jt, jf, k)."""
	out = subprocess.run(["tcpdump", "-ddd", "-y", "EN10MB", "-s", "65535", expression], capture_output=True,
		text=True, check=True).stdout.split("\n")
	return [tuple(int(x) for x in line.split()) for line in out[1:] if line]


def attach(sock, program):
	raw = b"".join(struct.pack("=HBBI", *i) for i in program)
	buf = ctypes.create_string_buffer(raw)
	sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(buf)))


def point(interface):
	"""Name of a place of capture: the mobile node's own interface counts as its port."""
	return "mn-wlan0" if interface == "wlan0" else interface


class Recorder:
	"""dumpcap at points (node, interface, filter or ''); one process a namespace, merged into one file at the end.

	The mobile node is recorded at its own interface: its port in `sw` goes down with every move.
	"""

	def __init__(self, lab, points, path):
		self.lab, self.path, self.parts = lab, path, []
		for node in dict.fromkeys(n for n, _, _ in points):
			self._begin(node, [(i, f) for n, i, f in points if n == node])
		for part in self.parts:
			wait_for(lambda: self._ready(part), 10, "dumpcap to open its interfaces")

	def _begin(self, node, interfaces):
		part = "%s.%s" % (self.path, node)
		args = ["dumpcap", "-q", "-n", "-B", "32", "-w", part]
		for name, expression in interfaces:
			args += ["-i", name, "-s", str(SNAPLEN_SIGNALLING if expression else SNAPLEN)] + (["-f", expression] if expression else [])
		log = open(part + ".log", "w+")
		before = self._sockets(node)
		self.parts.append((self.lab[node].popen(args, log), part, log, node, before + len(interfaces)))

	def _sockets(self, node):
		return len(self.lab[node].run("cat", "/proc/net/packet").splitlines()) - 1

	def _ready(self, part):
		process, path, log, node, sockets = part
		if process.poll() is not None:
			log.seek(0)
			raise LabError("dumpcap ended: " + log.read()[-300:])
		return os.path.exists(path) and os.path.getsize(path) > 0 and self._sockets(node) >= sockets

	def close(self):
		"""Ends the recording and leaves one file at `path`."""
		for process, _, log, _, _ in self.parts:
			if process.poll() is None:
				process.send_signal(signal.SIGINT)
				process.wait(10)
			if process in self.lab.processes:
				self.lab.processes.remove(process)
			log.close()
		files = [part for _, part, _, _, _ in self.parts]
		if files:
			# Of several interfaces dumpcap writes what it has, a little out of order.
			merged = self.path + ".merged"
			subprocess.run(["mergecap", "-w", merged, *files], check=True, capture_output=True)
			subprocess.run(["reordercap", merged, self.path], check=True, capture_output=True)
			os.unlink(merged)
		for f in files:
			os.unlink(f)
			os.unlink(f + ".log")
		self.parts = []


class Watcher(threading.Thread):
	"""Live signalling at some (node, interface).  Each distinct packet becomes one Message that lists the ports it was seen at."""

	def __init__(self, lab, points, keys):
		super().__init__(daemon=True)
		self.keys, self.lock, self.stopping = keys, threading.Lock(), False
		self.messages, self.merger = [], Merger()
		program = compiled(SIGNALLING)
		self.sockets = {}
		for node, port in points:
			with in_namespace(lab[node].ns):
				s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
				attach(s, program)
				s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
				s.bind((port, 0x0003))
				self.sockets[s] = point(port)
		self.start()

	def run(self):
		poll = select.poll()
		by_fd = {s.fileno(): s for s in self.sockets}
		for fd in by_fd:
			poll.register(fd, select.POLLIN)
		while not self.stopping:
			for fd, _ in poll.poll(200):
				self._receive(by_fd[fd])

	def _receive(self, s):
		try:
			frame, aux, _, _ = s.recvmsg(2048, 64)
		except OSError:
			return
		ts = time.time()
		for level, kind, data in aux:
			if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
				sec, ns = struct.unpack("qq", data[:16])
				ts = sec + ns / 1e9
		m = packet.decode(frame, ts, self.sockets[s])
		if m is None or m.kind in (None, "ICMP") or not self.merger.fresh(m, self.sockets[s]):
			return
		with self.lock:
			# In order of time: an exchange's key must be known before the messages made with it.
			self.keys.open(m)
			self.messages.append(m)

	def since(self, start):
		with self.lock:
			return sorted((m for m in self.messages if m.ts >= start), key=lambda m: m.ts)

	def settle(self):
		"""Verifies again what failed: frames of several interfaces may be read out of order, a MAC before its key."""
		with self.lock:
			for m in sorted(self.messages, key=lambda m: m.ts):
				if m.esp is None and m.error is None and m.verdict() not in ("ok", ""):
					m.checks = [c for c in m.checks if c[0] == "checksum"]
					self.keys.open(m)

	def wait(self, test, seconds, what, since=0.0):
		"""The first message after `since` for which test(m) holds."""
		return wait_for(lambda: next((m for m in self.since(since) if test(m)), None), seconds, what)

	def close(self):
		self.stopping = True
		self.join(2)
		for s in self.sockets:
			s.close()


class Merger:
	"""One packet is seen at several ports: recognised by its content, less what routers change."""

	def __init__(self):
		self.known = {}

	def fresh(self, m, port):
		if m.raw is None:
			return True
		key = bytes(m.raw[4:7]) + bytes(m.raw[8:]) + b"".join(a + b for a, b in m.outer)
		old = self.known.get(key)
		if old is not None and m.ts - old.ts < 3 and port not in old.seen:
			old.seen.append(port)
			old.ts = min(old.ts, m.ts)
			return False
		m.seen.append(port)
		self.known[key] = m
		return True


def read(path):
	"""Frames of a pcapng file in file order, as (seconds, port name, frame, length on the wire)."""
	with open(path, "rb") as f:
		data = f.read()
	at, interfaces = 0, []
	while at + 12 <= len(data):
		kind, length = struct.unpack_from("<II", data, at)
		if length < 12 or at + length > len(data):
			break
		body = at + 8
		if kind == 0x0a0d0d0a:
			interfaces = []
		elif kind == 1:
			interfaces.append(_interface(data[body + 8:at + length - 4]))
		elif kind == 6:
			i, hi, lo, cap, orig = struct.unpack_from("<IIIII", data, body)
			name, unit = interfaces[i]
			yield (hi << 32 | lo) * unit, name, data[body + 20:body + 20 + cap], orig
		at += length


def _interface(opts):
	name, unit, at = "?", 1e-6, 0
	while at + 4 <= len(opts):
		code, n = struct.unpack_from("<HH", opts, at)
		v = opts[at + 4:at + 4 + n]
		if code == 0:
			break
		if code == 2:
			name = v.decode()
		elif code == 9:
			unit = 2.0 ** -(v[0] & 0x7f) if v[0] & 0x80 else 10.0 ** -v[0]
		at += 4 + (n + 3) // 4 * 4
	return point(name), unit


def signalling(path, keys):
	"""The distinct signalling messages of a capture in order of time, verified, as the Watcher would have seen them."""
	found = []
	for ts, port, frame, orig in read(path):
		if len(frame) > 54 and frame[20] in (17, 6):
			continue
		m = packet.decode(frame, ts, port)
		if m is not None and m.kind not in (None, "ICMP", "UDP", "TCP", "PROBE"):
			if m.raw is None and m.kind not in packet.ERRORS:
				m.error = "cut short in the capture"
			found.append(m)
	found.sort(key=lambda m: m.ts)
	merger = Merger()
	return [keys.open(m) for m in found if merger.fresh(m, m.port)]
