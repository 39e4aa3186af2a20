# SPDX-License-Identifier: ISC
"""A home agent of several home links and addresses, and one box that is access router and home agent."""
import os

from nodes import Daemon
from packet import octets
from peer import IPV6, NONE, Port, ip6
from peer_home import HomeNode, Keys, Neighbour
from peer_mn import MobileNode
from tests_foreign import Verdicts, exchange, ping
from tests_home import key_file, run_home
from topology import CN_ADDRESS, Lab, LabError

FAR_HOME, FAR_AGENT = "2001:db8:200::42", "2001:db8:200::1"
CAROL, CAROL_AGENT = "2001:db8:1::42", "2001:db8:1::1"
BOTH_CONF = """[AccessRouter]
Interface = wlan0
[HomeAgent]
Interface = wlan0
[Mobile carol]
HomeAddress = %s
Key = %s
"""


def another_home_link(lab):
	"""A second home link of the home agent, with a host on it."""
	lab._link("far")
	lab.plug("ha", "home1", "far", "02:00:00:00:20:01")
	lab["ha"].ip("addr add %s/64 dev home1 nodad" % FAR_AGENT, "link set home1 up")
	lab.plug("host", "eth1", "far", "02:00:00:00:20:07")
	for name in ("cr", "ar1", "ar2"):
		lab[name].ip("route add 2001:db8:200::/64 via 2001:db8:ffff::100")
	path = key_file(os.path.join(lab.dir, "far.key"), 0x4000, 1)
	return "[Mobile far]\nHomeAddress = %s\nKey = %s\n" % (FAR_HOME, path), (Keys(path), Neighbour(Port(lab["host"], "eth1")))


def two_links(home, v):
	mn, near, (keys, far) = home.mn, home.near, home.more
	cn = home.lab["cn"]
	got = v.need("an answer for the first home", mn.register_home())
	v.need("accepted", got[0] == 0)
	back = mn.another(keys, octets(FAR_HOME), octets(FAR_AGENT))
	since = far.mark()
	got = v.need("an answer for the home on the other link", mn.register_home())
	v("accepted", got[0] == 0, got)
	dad = lambda p: p.kind == 135 and p.src == bytes(16) and p.up[8:24] == octets(FAR_HOME)
	v("its DAD was on its own link", far.wait(dad, 1, since))
	v("and on no other", not near.seen(dad, since))
	na = far.test_address(octets(FAR_HOME))
	v("it is defended there", na and na.up[26:32] == na.eth_src)
	v("and not on the first home link", near.test_address(octets(FAR_HOME), 1) is None)
	v("pings to the second home", ping(cn, mn, mn.binding()) == 0)
	mn.agent = octets("2001:db8:100::1")
	status = v.need("an answer to an update by way of the first link's address", mn.register_home())[0]
	v("132: not of that home link (RFC 6275 9.5.1)", status == 132, status)
	mn.agent = octets(FAR_AGENT)
	back()
	v("pings to the first home", ping(cn, mn, mn.binding()) == 0)
	home.lab.move("l2", 0.05)
	v.need("a Router Advertisement of AR2", mn.attach())
	v("the first home follows", v.need("an answer", mn.register_home())[0] == 0)
	first = mn.another(keys, octets(FAR_HOME), octets(FAR_AGENT))
	v("the second one as well", v.need("an answer", mn.answer_home(mn.send_home(mn.update_home(seq=got[2] + 2 & 0xffff))))[0] == 0)
	v("pings to the second home after the move", ping(cn, mn, mn.binding()) == 0)
	v("it deregisters alone", v.need("an answer", mn.answer_home(mn.send_home(
		mn.update_home(seq=got[2] + 3 & 0xffff, lifetime=0))))[0] == 0)
	v("its link is left alone", far.test_address(octets(FAR_HOME), 1) is None)
	first()
	v("the first home stays", ping(cn, mn, mn.binding()) == 0)
	far.close()


def base_02_several_home_links(build, directory, printer):
	"""One mobile node with homes on two links of one home agent."""
	return run_home(build, directory, (two_links,), "Interface = home1", "two home links", more=another_home_link)


def on_both(lab, daemon, mn, v):
	"""An LBSA of the access router and a home registration, on one interface, of one mobile node."""
	cn = lab["cn"]
	v.need("a Router Advertisement of AR1", mn.attach())
	l = exchange(mn, v)
	squatter = MobileNode(lab["thief"], "eth0")
	try:
		v.need("another node attaches", squatter.attach())
		squatter.coa = octets(CAROL)
		squatter.own.add(squatter.coa)
		ack = squatter.exchange(seconds=3)
		v("no LBSA for an address that the home agent serves (AMB-162): 129", ack and ack[0] == 129, ack)
	finally:
		squatter.close()
	lab.move("l2", 0.05)
	v.need("a Router Advertisement of AR2", mn.attach())
	got = v.need("an acknowledgement signed with the LBSA", mn.bind(l))
	v("the binding of the former care-of address", got[0] == 0 and got[3], got)
	got = v.need("an acknowledgement in ESP", mn.register_home())
	v("the home registration", got[0] == 0, got)
	v("pings to the former care-of address", ping(cn, mn, l) == 0)
	v("pings to the home address", ping(cn, mn, mn.binding()) == 0)
	roles = sorted(b["role"] for b in (daemon.show("bindings") or {}).get("bindings", []))
	v("one binding of each role", roles == ["access-router", "home-agent"], roles)
	since = mn.send_home(mn.update_home(home=l.coa))
	v("a good SA does not bind the LBSA's address (AMB-118)", mn.answer_home(since, 1) is None)
	l2 = type(l)(octets(CAROL), l.ar, l.key, 0)
	got = mn.bind(l2, seconds=2)
	v("nor an LBSA the home address", not got or got[0] >= 128, got)
	v("pings to the home address after that", ping(cn, mn, mn.binding()) == 0)
	v("the home registration ends", v.need("an answer", mn.register_home(lifetime=0))[0] == 0)
	v("without the other binding", ping(cn, mn, l) == 0)
	inner = ip6(NONE, mn.home, octets(CN_ADDRESS), b"", 64)
	since = mn.send_home(ip6(IPV6, mn.coa, mn.agent, inner, 64))
	v("a reverse tunnel that ended is refused with ICMPv6 1/5 (AMB-120)", mn.wait(lambda p: p.kind == 1 and p.up[1] == 5 and
		p.src == mn.agent and p.up[16:32] == mn.coa, 3, since))


def amb_118_162_both_roles_on_one_box(build, directory, printer):
	"""AR1 is access router and home agent of the same link, for the same mobile node."""
	v = Verdicts("both roles")
	with Lab(directory) as lab:
		path = key_file(os.path.join(lab.dir, "carol.key"), 0x5000, 1)
		daemons = [Daemon(lab, build, "ar1", BOTH_CONF % (CAROL, path), rsa=True),
			Daemon(lab, build, "ar2", "[AccessRouter]\nInterface = wlan0\n", rsa=True)]
		mn = HomeNode(lab["mn"], Keys(path), octets(CAROL), octets(CAROL_AGENT))
		try:
			for d in daemons:
				d.start()
			lab.attach("l1")
			on_both(lab, daemons[0], mn, v)
		except LabError as e:
			v.bad.append(str(e))
		finally:
			mn.close()
		for d in daemons:
			v("lked of %s ends well" % d.name, d.stop() == 0, d.tail())
	return v.bad


TESTS = {f.__name__: f for f in (base_02_several_home_links, amb_118_162_both_roles_on_one_box)}
