# SPDX-License-Identifier: ISC
"""The mobile node on links of other kinds: without DAD, with an MTU of their own, roamed without a change of carrier, PPP."""
import os
import signal
import time

import capture
import packet
from nodes import AR_CONF
from tests_mn import LOCAL_CONF, World
from topology import CN_ADDRESS, CannotRun, wait_for

ANY = bytes(16)


def heard(path, test):
	return [m for ts, _, f, _ in capture.read(path) for m in [packet.decode(f, ts, "")] if m and m.kind and test(m)]


def amb_099_mobile_node_without_dad(build, directory, printer):
	"""DupAddrDetectTransmits = 0 on the mobile node's link: none of its own, the router's authenticated one all the same."""
	class NoDad(World):
		def prepare(self):
			self.lab["mn"].sysctl(wlan0__dad_transmits=0)
	path = os.path.join(directory, "capture.pcapng")
	with NoDad(build, directory, LOCAL_CONF, home=False) as w:
		recorder = capture.Recorder(w.lab, [("mn", "wlan0", "ip6")], path)
		up = time.time()
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.lab.move("l2", 0.06)
		w.bound(1, coa1)
		coa2 = w.coa(2)
		bad = [] if w.pings("cn", coa1) and w.pings("cn", coa2) else ["an address does not answer"]
		recorder.close()
		bad += w.stop()
	mine = [packet.octets(a) for a in (coa1, coa2)]
	own = heard(path, lambda m: m.kind == "NS" and m.src == ANY and m.eth_src == bytes.fromhex("020000000b01"))
	if [m for m in own if m.f["target"] in mine]:
		bad.append("the node tested its own address")
	if len(heard(path, lambda m: m.kind == "NA" and "hmac" in m.f and m.src in mine)) < 2:
		bad.append("an authenticated solicitation of a router was not answered")
	first = heard(path, lambda m: m.kind == "KEReq")
	if not first or first[0].ts - up > 0.9:
		bad.append("the first request came %.2f s after the carrier" % (first[0].ts - up if first else -1))
	return bad


def setting(w, key):
	return w.lab["mn"].run("sysctl", "-n", "net.ipv6.conf.wlan0." + key).strip()


def rfc_4861_6_3_4_mtu_and_hop_limit(build, directory, printer):
	"""What a router says of MTU and hop limit holds on its link, for the tunnel from there too, and is given back."""
	small = AR_CONF + "Mtu = 1400\nHopLimit = 61\n"
	with World(build, directory, LOCAL_CONF, routers=(1, 2), home=False, ar_conf=small) as w:
		before, bad = (setting(w, "mtu"), setting(w, "hop_limit")), []
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		wait_for(lambda: (setting(w, "mtu"), setting(w, "hop_limit")) == ("1400", "61"), 5, "MTU 1400 and hop limit 61")

		def largest(size):
			return w.lab["mn"].run("ping", "-c", "1", "-W", "2", "-M", "do", "-I", coa1, "-s", str(size), CN_ADDRESS, check=False)
		if " 0% packet loss" not in largest(1400 - 48):
			bad.append("a packet of 1400 octets does not pass")
		w.lab.move("l2", 0.06)
		w.bound(1, coa1)
		w.coa(2)
		largest(1400 - 48)	# learns what is left inside the tunnel
		if " 0% packet loss" in largest(1361 - 48):
			bad.append("a packet of 1361 octets passes the tunnel on a link of 1400")
		if " 0% packet loss" not in largest(1360 - 48):
			bad.append("a packet of 1360 octets does not pass the tunnel")
		bad += w.stop()
		if (setting(w, "mtu"), setting(w, "hop_limit")) != before:
			bad.append("after the end: MTU %s, hop limit %s" % (setting(w, "mtu"), setting(w, "hop_limit")))
		return bad


NEW_SOCKET = """import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
print(s.getsockname()[0])"""


def new_socket(w):
	"""The source address that a new socket of the mobile node gets."""
	return w.lab["mn"].run("python3", "-c", NEW_SOCKET, CN_ADDRESS).strip()


def old_addresses_are_for_old_sockets(build, directory, printer):
	"""A care-of address of a former link serves the sockets that have it, by the tunnel, and no new one gets it."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.plug("wlan0", "l1", True)
		coa1, bad = w.coa(1), []
		if new_socket(w) != coa1:
			bad.append("on the first link a new socket has %s" % new_socket(w))
		w.lab.move("l2", 0.06)
		w.bound(1, coa1)
		coa2 = w.coa(2)
		if new_socket(w) != coa2:
			bad.append("after the move a new socket has %s instead of %s" % (new_socket(w), coa2))
		route = lambda a: w.lab["mn"].show("-6", "route", "get", CN_ADDRESS, "from", a)
		if "dev lke0" not in route(coa1) or "dev wlan0" not in route(coa2):
			bad.append("paths: %s; %s" % (route(coa1), route(coa2)))
		if not w.pings("cn", coa1):
			bad.append("the former address does not answer")
		if not [l for l in w.lab["mn"].show("-6", "-o", "addr", "show").splitlines() if coa1 in l and "deprecated" in l]:
			bad.append("the former address is not deprecated")
		return bad + w.stop()


FAKE_IW = """#!/bin/sh
# Stands for iw(8): prints what is written into a file, as `iw event` does.
exec tail -n +1 -f %s
"""


def hook_tells_of_roaming(build, directory, printer):
	"""Wi-Fi that roams shows no change of carrier: the hook says so, and the node is attached within a moment."""
	hook = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "packaging", "hooks", "lke-roam")
	with World(build, directory, LOCAL_CONF, home=False) as w:
		events, iw = os.path.join(w.lab.dir, "events"), os.path.join(w.lab.dir, "iw")
		open(events, "w").close()
		with open(iw, "w") as f:
			f.write(FAKE_IW % events)
		os.chmod(iw, 0o755)
		env = dict(os.environ, PATH=":".join((w.lab.dir, build + "/src/ctl", os.environ["PATH"])))
		log = os.path.join(w.lab.dir, "roam.log")
		w.lab["mn"].popen([hook, "--run", w.mn.run_dir], open(log, "w"), env=env)
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		path = os.path.join(directory, "capture.pcapng")
		recorder = capture.Recorder(w.lab, [("mn", "wlan0", "ip6")], path)
		# The access point changes, the carrier does not.
		w.lab.switch.master(w.lab["mn"].port_index["wlan0"], w.lab.bridge["l2"])
		with open(events, "a") as f:
			f.write("wlan0 (phy #0): roamed to 02:00:00:00:02:01\n")
		w.bound(1, coa1)
		w.coa(2)
		bad = [] if w.pings("cn", coa1) else ["the correspondent does not reach %s" % coa1]
		recorder.close()
		bad += w.stop()
	rs = heard(path, lambda m: m.kind == "RS")
	bu = heard(path, lambda m: m.kind == "BU")
	if not rs or not bu or bu[0].ts - rs[0].ts > 0.1:
		bad.append("from the solicitation to the Binding Update: %s" % (["%.3f" % (m.ts - rs[0].ts) for m in bu] if rs else "nothing"))
	return bad + ([open(log).read()] if bad else [])


def stopped_and_moved_meanwhile(build, directory, printer):
	"""The daemon stands still for 10 s, its timers and the link behind: when it goes on it is attached at once."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		path = os.path.join(directory, "capture.pcapng")
		recorder = capture.Recorder(w.lab, [("mn", "wlan0", "ip6")], path)
		pids = w.mn.pids()
		for pid in pids:
			os.kill(pid, signal.SIGSTOP)
		try:
			w.lab.move("l2", 0.1)
			end = time.monotonic() + 10
			wait_for(lambda: time.monotonic() > end, 15, "ten seconds to pass", 0.1)
		finally:
			on = time.time()
			for pid in pids:
				os.kill(pid, signal.SIGCONT)
		w.bound(1, coa1)
		w.coa(2)
		bad = [] if w.pings("cn", coa1) else ["the correspondent does not reach %s" % coa1]
		recorder.close()
		bad += w.stop()
	bu = [m.ts - on for m in heard(path, lambda m: m.kind == "BU")]
	if not bu or not 0 <= bu[0] < 0.5:
		bad.append("the Binding Update came %s after the daemon went on" % bu[:1])
	return bad


TESTS = {f.__name__: f for f in (stopped_and_moved_meanwhile, old_addresses_are_for_old_sockets, amb_099_mobile_node_without_dad, rfc_4861_6_3_4_mtu_and_hop_limit, hook_tells_of_roaming)}
