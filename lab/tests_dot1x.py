# SPDX-License-Identifier: ISC
"""Links behind an authenticator of IEEE 802.1X (draft 1, 6.6): LKE needs nothing of it and does not stand in its way.

The kernel's bridge is the authenticator's port: locked, it drops every frame of a station that is not in its table, as
hostapd's driver uses it.  EAPOL frames pass on the link meanwhile.
"""
import socket
import threading
import time

import checks
from scenario import Story
from topology import HOME_ADDRESS, LabError, in_namespace

ETHERTYPE, GROUP = 0x888e, bytes.fromhex("0180c2000003")
START, EAP = 1, 0
REQUEST, RESPONSE, SUCCESS, IDENTITY = 1, 2, 3, 1


def eapol(kind, body=b""):
	return bytes([2, kind]) + len(body).to_bytes(2, "big") + body


def eap(code, data=b""):
	return eapol(EAP, bytes([code, 1]) + (4 + len(data)).to_bytes(2, "big") + data)


class Station:
	"""A packet socket for EAPOL at one end of the mobile node's port."""

	def __init__(self, node, dev, mac):
		self.mac = bytes.fromhex(mac.replace(":", ""))
		with in_namespace(node.ns):
			self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
		self.s.bind((dev, ETHERTYPE))
		self.s.settimeout(5)

	def send(self, dst, pdu):
		self.s.send(dst + self.mac + ETHERTYPE.to_bytes(2, "big") + pdu)

	def expect(self, pdu):
		while True:
			frame, address = self.s.recvfrom(2048)
			if address[2] != socket.PACKET_OUTGOING and frame[14:].startswith(pdu):
				return


def lock(lab):
	"""Nothing of a station that is not in the bridge's table passes the mobile node's port."""
	lab["sw"].run("bridge", "link", "set", "dev", "mn-wlan0", "locked", "on", "learning", "off")


class Authentication(threading.Thread):
	"""Once the mobile node has solicited in vain: identity, success, and the port opens."""

	def __init__(self, story, since):
		super().__init__(daemon=True)
		self.story, self.since, self.at, self.problem = story, since, None, None
		self.start()

	def run(self):
		try:
			self.story.watcher.wait(lambda m: m.kind == "RS" and self.story.names.source(m) == "MN", 10,
				"a Router Solicitation at the closed port", self.since)
			lab, mac = self.story.lab, self.story.lab["mn"].mac["wlan0"]
			self.talk(Station(lab["mn"], "wlan0", mac), Station(lab["sw"], "mn-wlan0", "02:00:00:00:aa:01"))
			self.at = time.time()
			lab["sw"].run("bridge", "fdb", "add", mac, "dev", "mn-wlan0", "master", "static")
		except (LabError, OSError) as e:
			self.problem = str(e)

	def talk(self, supplicant, port):
		supplicant.send(GROUP, eapol(START))
		port.expect(eapol(START))
		port.send(supplicant.mac, eap(REQUEST, bytes([IDENTITY])))
		supplicant.expect(eap(REQUEST, bytes([IDENTITY])))
		supplicant.send(GROUP, eap(RESPONSE, bytes([IDENTITY]) + b"alice"))
		port.expect(eap(RESPONSE, bytes([IDENTITY]) + b"alice"))
		port.send(supplicant.mac, eap(SUCCESS))
		supplicant.expect(eap(SUCCESS))
		supplicant.s.close()
		port.s.close()

	def passed_before(self, kinds):
		"""Messages of the mobile node that somebody else saw while the port was closed."""
		return [m.kind for m in self.story.watcher.since(self.since) if m.ts < self.at and m.kind in kinds
			and self.story.names.source(m) == "MN" and [p for p in m.seen if p != "mn-wlan0"]]


def opened(a, bad):
	a.join(30)
	if a.problem or not a.at:
		bad.append("802.1X: %s" % (a.problem or "not finished"))
	elif a.passed_before(("RS", "NS", "BU", "KEReq", "ESP")):
		bad.append("the closed port let pass %s" % a.passed_before(("RS", "NS", "BU", "KEReq", "ESP")))


def lke_212_behind_an_802_1x_port(build, directory, printer):
	"""Registration and key exchange on a port that opens late, then a handover to another such port: all of it works."""
	bad = []
	with Story(build, directory, printer) as story:
		lab = story.lab
		lock(lab)
		a = Authentication(story, time.time())
		story.figure_2_1()
		opened(a, bad)
		story.step("3  Handover to AR2, behind such a port", True)
		switch, port = lab.switch, lab["mn"].port_index["wlan0"]
		switch.down(port)
		switch.master(port, lab.bridge["l2"])
		lock(lab)
		up = time.time()
		a = Authentication(story, up)
		switch.up(port)
		ba = story.see(lambda m: checks.local_ba(m, story.scene.ar(1)), 20, "AR1's Binding Acknowledgement", up)
		opened(a, bad)
		if ba.f["status"] or ba.verdict() != "ok":
			bad.append("the Binding Update was answered %s, %s" % (ba.f, ba.verdict()))
		if not story.reaches("cn", HOME_ADDRESS):
			bad.append("the home address is out of reach after the handover")
		bad += ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks if not c["ok"]]
		story.stop_traffic()
		story.stop_daemons()
	return bad


TESTS = {f.__name__: f for f in (lke_212_behind_an_802_1x_port,)}
