# SPDX-License-Identifier: ISC
"""lked as a mobile node of a home agent written from the documents alone (peer_agent.py)."""
import os
import subprocess

from nodes import MN_CONF, Daemon, key_file
from packet import octets, text
from peer_agent import HomeAgent
from tests_foreign import Verdicts, exchanged
from topology import HOME_ADDRESS, HOME_AGENT, Lab, LabError

REMOTE = "2001:db8:c::2"
ADVICE = b"\2\2\0\2"	# Binding Refresh Advice: 8 s


def next_registration(ha, v, what, since, seconds):
	"""The first one after that time."""
	return v.need(what, ha.pump(lambda: [r for r in ha.registrations if r[0] > since], seconds))[0]


def first_registration(ha, v, lab):
	"""Silence, then 135 with a number ahead, then acceptance with advice: 1.5 s, the number after it, a refresh in 8 s."""
	ha.answers = [None, (135, lambda seq: (seq + 1000) & 0xffff, 0, b""), (0, None, 150, ADVICE)]
	since = ha.mark()
	lab.attach("l1")
	one = next_registration(ha, v, "a home registration", since, 5)
	two = next_registration(ha, v, "its repetition", one[0], 5)
	v("after 1.5 s (RFC 6275 11.8)", 1.3 < two[0] - one[0] < 2.2, two[0] - one[0])
	v("no key exchange before the home agent has accepted", not ha.requests)
	three = next_registration(ha, v, "another one after 135", two[0], 2)
	v("with the number that follows the home agent's", three[1] == (two[1] + 1001) & 0xffff, "%d, %d" % (two[1], three[1]))
	v("for the care-of address of the link", three[2][:8] == ha.links[0].prefix)
	exchanged(ha, v)
	v("the key exchange came behind the acceptance", ha.requests[0][0] > three[0])
	return three


def pinged(lab, ha, v, what, source):
	p = lab["mn"].popen(["ping", "-c", "5", "-i", "0.2", "-W", "2", "-I", source, REMOTE], subprocess.PIPE, text=True)
	ha.pump(lambda: p.poll() is not None, 10)
	out = p.communicate()[0]
	lab.stop(p)
	v(what, " 0% packet loss" in out, out.strip()[-120:])


def refreshes(ha, v, three):
	four = next_registration(ha, v, "a refresh when it was advised", three[0], 12)
	v("8 s after the registration", 6.5 < four[0] - three[0] < 10, four[0] - three[0])
	ha.idle(0.5)
	since = ha.mark()
	ha.refresh_home(esp=False)
	ha.idle(2)
	v("a Binding Refresh Request outside ESP is not followed", not [r for r in ha.registrations if r[0] > since])
	since = ha.mark()
	ha.refresh_home()
	next_registration(ha, v, "a registration after a Binding Refresh Request in ESP", since, 3)


def moves(ha, v, lab, coa):
	"""Strategy = oldest: the home agent hears nothing while the temporary one serves."""
	since = ha.mark()
	lab.move("l2", 0.1)
	v.need("a Binding Update to the previous router", ha.pump(lambda: [u for u in ha.updates if u[0] >= since and u[1] == coa], 5))
	ha.idle(2)
	v("and none to the home agent", not [r for r in ha.registrations if r[0] > since])


def with_home_agent(build, directory, profile):
	"""The routers know no proofs when lked sends none."""
	v = Verdicts("home agent from the documents alone, lked in profile " + profile)
	with Lab(directory) as lab:
		key = key_file(os.path.join(lab.dir, "alice.key"))
		ha = HomeAgent([lab["ar1"], lab["ar2"]], key, octets(HOME_ADDRESS), octets(HOME_AGENT), profile == "draft01")
		conf = MN_CONF % (HOME_ADDRESS, HOME_AGENT, key) + "Profile = %s\n" % profile
		mn = Daemon(lab, build, "mn", conf).start()
		v("the profile", mn.show()["profile"] == profile)
		try:
			three = first_registration(ha, v, lab)
			pinged(lab, ha, v, "pings from the home address by the home agent's tunnel", HOME_ADDRESS)
			refreshes(ha, v, three)
			pinged(lab, ha, v, "pings from the care-of address without a tunnel", text(three[2]))
			moves(ha, v, lab, three[2])
		except LabError as e:
			v.bad.append(str(e))
		finally:
			v.bad += ["%s: not seen: %s" % (v.who, x) for x in ha.problems[:5]]
			ha.close()
		v("lked ends well", mn.stop() == 0, mn.tail())
	return v.bad


def foreign_home_agent(build, directory, printer):
	"""A home agent written from the documents alone: silence, 135, Refresh Advice, Refresh Requests in and out of ESP, tunnels."""
	return [b for profile in ("default", "draft01") for b in with_home_agent(build, os.path.join(directory, profile), profile)]


TESTS = {f.__name__: f for f in (foreign_home_agent,)}
