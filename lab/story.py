# SPDX-License-Identifier: ISC
"""Says who sent what, in words: names of the lab's hosts, one line a message, checks with their verdict."""
import collections
import sys

import packet

HOME = packet.octets("2001:db8:100::42")


class Names:
	"""Hosts by link-layer address (on a link) and by address (across the network)."""

	def __init__(self, lab):
		self.by_mac, self.by_addr, self.label = {}, {}, {}
		for name, node in lab.nodes.items():
			for mac in node.mac.values():
				self.by_mac[bytes.fromhex(mac.replace(":", ""))] = self._short(name)
		for n in (1, 2, 3, 4):
			self.by_addr[packet.octets("2001:db8:%d::1" % n)] = "AR%d" % n
		self.by_addr[packet.octets("2001:db8:100::1")] = "HA"
		self.by_addr[packet.octets("2001:db8:c::2")] = "CN"
		self.by_addr[HOME] = "MN"
		self.label[HOME] = "home"

	@staticmethod
	def _short(name):
		return {"thief": "X", "host": "host"}.get(name, name.upper())

	def learn_coa(self, addr, label):
		self.by_addr[addr] = "MN"
		self.label[addr] = label

	def addr(self, a):
		return self.label.get(a) or self.by_addr.get(a) or packet.text(a)

	def source(self, m):
		if m.hl == 255 and not m.outer:
			return self.by_mac.get(m.eth_src, "?")
		return self.by_addr.get(m.src) or self.by_mac.get(m.eth_src, "?")

	def destination(self, m):
		"""None for all nodes of the link."""
		if m.dst[0] == 0xff:
			return None
		if m.hl == 255 and not m.outer:
			return self.by_mac.get(m.eth_dst, "?")
		return self.by_addr.get(m.dst) or self.by_mac.get(m.eth_dst, "?")


def seconds(units):
	return "%d s" % (units * 4)


def carried(m, names):
	"""What a message says, in a few words."""
	f = m.f
	kind = m.kind
	if kind == "RA":
		p = ", ".join(packet.text(a) + "/%d" % n for a, n, _ in f["prefixes"])
		lke = "H=1, RSA-%d, lifetime <= %d s, " % (f["key"], f["max_lifetime"]) if f.get("key") else ""
		return lke + p
	if kind == "KEReq":
		return "Kbm under the router's RSA key, for %s%s" % (names.addr(m.hao), ", proof" if f.get("proofs") else "")
	if kind == "KEAck":
		return "status %d, lifetime %s, router %s" % (f["status"], seconds(f["lifetime"]), packet.text(f["ar"]))
	if kind == "NS":
		who = names.addr(f["target"])
		if "hmac" in f:
			return "DAD for %s with Authentication Request" % who
		return ("DAD for %s" if m.src == bytes(16) else "who has %s?") % who
	if kind == "NA":
		who = names.addr(f["target"])
		if "hmac" in f:
			return "%s is taken, Authentication Reply" % who
		return "%s is at %s" % (who, names.by_mac.get(f.get("lladdr"), "?"))
	if kind == "BU":
		how = "ESP, " if m.esp else ""
		home = names.addr(m.hao or m.src)
		if f.get("leaving"):
			return "%sseq %d, keep what comes for %s: it is about to move" % (how, f["seq"], home)
		if f["lifetime"] == 0 or m.src == (m.hao or m.src):
			return "%sseq %d, %s is back: de-registration" % (how, f["seq"], home)
		return "%sseq %d, %s is at %s for %s" % (how, f["seq"], home, names.addr(m.src), seconds(f["lifetime"]))
	if kind == "BA":
		fin = ", asks for Finished" if "finished_request" in f else ""
		return "%sseq %d, status %d, lifetime %s%s" % ("ESP, " if m.esp else "", f["seq"], f["status"],
			seconds(f["lifetime"]), fin)
	if kind == "Finished":
		return "seq %d, status %d, the nonce comes back" % (f["seq"], f["status"])
	if kind == "ESP":
		return "SPI 0x%x" % m.esp[0]
	return ""


class Printer:
	"""Plain text of at most 98 columns; colour only on a terminal."""
	COLOUR = {"dim": "2", "bold": "1", "green": "32", "red": "31", "blue": "34", "violet": "35", "cyan": "36", "yellow": "33"}
	KIND = {"KEReq": "violet", "KEAck": "violet", "BU": "red", "BA": "red", "Finished": "red", "NS": "cyan", "NA": "cyan",
		"RS": "green", "RA": "green"}

	def __init__(self, out=None, quiet=False):
		self.out = out or sys.stdout
		self.colour = self.out.isatty()
		self.quiet, self.unsaid = quiet, collections.deque(maxlen=80)

	def paint(self, text, *how):
		if not self.colour or not how:
			return text
		return "\033[%sm%s\033[0m" % (";".join(self.COLOUR[h] for h in how), text)

	def line(self, text=""):
		if self.quiet:
			self.unsaid.append(text)
		else:
			print(text, file=self.out, flush=True)

	def last(self):
		"""What a quiet one kept to itself, the end of it."""
		for text in self.unsaid:
			print(text, file=self.out, flush=True)

	def title(self, text):
		self.line()
		self.line(self.paint("── %s " % text, "bold") + self.paint("─" * max(0, 94 - len(text)), "dim"))

	def note(self, text):
		self.line(self.paint("   " + text, "dim"))

	def message(self, at, src, dst, kind, what, verdict):
		good = verdict in ("ok", "")
		mark = self.paint("ok" if verdict == "ok" else verdict or "-", "green" if good else "red")
		self.line("%s  %-4s > %-4s  %s %-58s %s" % (self.paint("%9.4f" % at, "dim"), src, dst or "all",
			self.paint("%-8s" % kind, self.KIND.get(kind, "bold")), what[:58], mark))

	def check(self, name, ok, detail=""):
		mark = self.paint("  – ", "yellow") if ok is None else self.paint("  ✓ ", "green") if ok else self.paint("  ✗ ", "red", "bold")
		text = name + (self.paint("  " + detail, "dim") if detail else "")
		self.line(mark + text)
