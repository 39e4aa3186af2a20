# SPDX-License-Identifier: ISC
"""A mobile node between two links of one access router (AMB-119): the tunnel ends at home, so to speak."""
import os
import subprocess

from nodes import AR_CONF, Daemon
from tests_foreign import LOCAL_MN
from tests_links import pings, valid_on
from topology import CORE, Lab, LabError, wait_for

OTHER = "2001:db8:9::"


def second_link(lab):
	lab.plug("ar1", "wlan1", "l2", "02:00:00:00:01:21")
	lab["ar1"].ip("addr add %s1/64 dev wlan1 nodad" % OTHER, "link set wlan1 up")
	for name in ("cr", "ha"):
		lab[name].ip("route add %s/64 via %s1" % (OTHER, CORE))
	# The router of that link in other tests is none here.
	lab["ar2"].ip("link set wlan0 down")


def bindings(ar):
	return [(b["home_address"], b["care_of_address"], b["state"]) for b in (ar.show("bindings") or {}).get("bindings", [])]


def answered(lab, address):
	"""Echo requests from the previous care-of address come back to it."""
	return " 0% packet loss" in lab["mn"].run("ping", "-c", "3", "-i", "0.2", "-W", "1", "-I", address, "2001:db8:c::2", check=False)


def amb_119_another_link_of_the_same_router(build, directory, printer):
	"""From one link of an access router to another of its links and back: bound, reached both ways, with nothing left of it."""
	bad = []
	with Lab(os.path.join(directory, "work")) as lab:
		second_link(lab)
		ar = Daemon(lab, build, "ar1", AR_CONF + "\n[AccessRouter]\nInterface = wlan1\n").start()
		mn = Daemon(lab, build, "mn", LOCAL_MN).start()
		try:
			lab.attach("l1")
			coa1 = wait_for(lambda: valid_on(ar, "wlan0", "2001:db8:1:"), 20, "a valid LBSA on the first link", 0.1)
			p = lab["cn"].popen(["ping", "-q", "-c", "60", "-i", "0.05", "-W", "1", coa1], subprocess.PIPE, text=True)
			lab.move("l2", 0.05)
			wait_for(lambda: [b for b in bindings(ar) if b[0] == coa1 and b[1].startswith("2001:db8:9:") and b[2] == "forwarding"], 10,
				"the first address to be bound at the second link", 0.05)
			wait_for(lambda: valid_on(ar, "wlan1", "2001:db8:9:"), 20, "a valid LBSA on the second link", 0.1)
			bad += [] if answered(lab, coa1) else ["no answer comes to the previous care-of address"]
			got = p.communicate(timeout=60)[0].split(" received")[0].split()[-1]
			lab.stop(p)
			if int(got) < 50:
				bad.append("%s of 60 echo requests to the previous care-of address were answered over the move" % got)
			lab.move("l1", 0.05)
			wait_for(lambda: not [b for b in bindings(ar) if b[0] == coa1], 10, "the deregistration", 0.05)
			wait_for(lambda: pings(lab, coa1), 5, "an answer from the first address on its link")
		except (LabError, subprocess.TimeoutExpired) as e:
			bad.append("%s; AR1: %s; MN: %s" % (e, ar.tail(300), mn.tail(500)))
		for d in (mn, ar):
			if d.stop():
				bad.append("%s: exit status %s: %s" % (d.name, d.process.returncode, d.tail()))
		if "lke" in lab["ar1"].show("-6", "route", "show"):
			bad.append("routes are left at AR1")
	return bad


TESTS = {f.__name__: f for f in (amb_119_another_link_of_the_same_router,)}
