# SPDX-License-Identifier: ISC
"""Two home agents on one home link: each knows the other, and a mobile node finds the preferred one, then the other."""
import os

from nodes import AR_CONF, Daemon
from tests_foreign import Verdicts
from tests_home import key_file
from topology import HOME_ADDRESS, HOME_AGENT, Lab, LabError, wait_for

OTHER_AGENT = "2001:db8:100::7"
CONF = """[HomeAgent]
Interface = %s
Advertise = home-agent
Preference = %d
RaInterval = 4s
HomeAgentLifetime = 8s
[Mobile alice]
HomeAddress = %s
Key = %s
"""
MN_CONF = "[MobileNode]\nInterface = wlan0\nHomeAddress = %s\nHomeAgent = auto\nKey = %s\nHomeLifetime = 12s\n"


def knows(daemon, address):
	shown = (daemon.show("agents") or {}).get("home_agents", [])
	return address in [a for h in shown for a in h["addresses"]]


def bound(daemon):
	return [b for b in (daemon.show("bindings") or {}).get("bindings", []) if b["home_address"] == HOME_ADDRESS]


def preferred_then_the_other(lab, first, second, mn, v):
	wait_for(lambda: knows(first, OTHER_AGENT) and knows(second, HOME_AGENT), 12, "the home agents to know each other")
	mn.start()
	lab.attach("l1")
	wait_for(lambda: bound(second), 20, "a registration with the preferred home agent")
	v("and with no other", not bound(first))
	v("the preferred one ends well", second.stop() == 0, second.tail())
	wait_for(lambda: not knows(first, OTHER_AGENT), 12, "the other to leave the list when its lifetime is over")
	wait_for(lambda: bound(first), 90, "a registration with the one that is left")


def rfc6275_10_5_two_home_agents(build, directory, printer):
	"""The preferred home agent first; when it is gone, the other, by a new discovery."""
	v = Verdicts("two home agents")
	with Lab(directory) as lab:
		lab["host"].sysctl(all__forwarding=1)
		key = key_file(os.path.join(lab.dir, "alice.key"), 0x1000, 1)
		first = Daemon(lab, build, "ha", CONF % ("home0", 3, HOME_ADDRESS, key))
		second = Daemon(lab, build, "host", CONF % ("eth0", 9, HOME_ADDRESS, key))
		ar = Daemon(lab, build, "ar1", AR_CONF, rsa=True)
		mn = Daemon(lab, build, "mn", MN_CONF % (HOME_ADDRESS, key))
		try:
			for d in (first, second, ar):
				d.start()
			preferred_then_the_other(lab, first, second, mn, v)
		except LabError as e:
			v.bad.append(str(e))
		for d in (mn, ar, first):
			v("lked of %s ends well" % d.name, d.stop() == 0, d.tail())
	return v.bad


TESTS = {f.__name__: f for f in (rfc6275_10_5_two_home_agents,)}
