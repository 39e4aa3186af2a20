# SPDX-License-Identifier: ISC
"""IPsec associations of an access router and what they forbid (draft 4.2, AMB-056), by the kernel's own database.

Needs a kernel with ESP and AH: where this one has none, the test runs on Debian's (debian_kernel).
"""
import os
import secrets

from link import Link
from packet import text
from tests_foreign import Verdicts
from tests_odd import newcomer
from topology import CannotRun, LabError, wait_for

AR = "2001:db8:1::1"
AUTH = "auth hmac(sha256) 0x" + secrets.token_hex(32)
ESP = "mode transport %s enc cbc(aes) 0x%s" % (AUTH, secrets.token_hex(16))
PROHIBITED = 129
SPACING = 3.3		# requests of one source (draft 6.2)


class Database:
	"""The associations of the router, by iproute2."""

	def __init__(self, link):
		self.node, self.ar, self.spi = link["ar1"], link.ar, 0x1000
		try:
			self.delete(self.add("2001:db8::1", "2001:db8::2"))
		except LabError as e:
			raise CannotRun("no ESP for IPv6 in this kernel: " + str(e).split(": ", 1)[1])
		self.known(0)

	def xfrm(self, words):
		self.node.run("ip", "xfrm", "state", *words.split())

	def add(self, src, dst, rest=ESP, proto="esp"):
		self.spi += 1
		self.xfrm("add src %s dst %s proto %s spi %#x %s" % (src, dst, proto, self.spi, rest))
		return src, dst, proto, self.spi

	def delete(self, sa):
		self.xfrm("delete src %s dst %s proto %s spi %#x" % sa)

	def peers(self):
		return next(l["used"] for l in self.ar.show("limits")["limits"] if l["name"] == "ipsec_peers")

	def known(self, n):
		"""The daemon has heard of it: n addresses have an association."""
		wait_for(lambda: self.peers() == n, 5, "%d peers of IPsec associations at the daemon, not %s" % (n, self.peers()))


def asks(mn, v, what, status, again=False):
	"""One exchange; its outcome must be this.  again: the node has asked before."""
	if again:
		mn.idle(SPACING)
	ack = v.need("%s: an answer that verifies" % what, mn.exchange())
	v(what, ack[0] == status, "status %d" % ack[0])
	return ack[1]


def valid(link, mn):
	"""The router has verified the duplicate address detection of the LBSA."""
	return mn.pump(lambda: link.ar.lbsa_state(text(mn.coa)) == "valid", 4)


def node(link, v, nodes):
	"""One with addresses of its own, which has its own share of requests (draft 6.2)."""
	mn = newcomer(link, v)
	nodes.append(mn)
	return mn


def forbidden_and_allowed_again(link, db, v, nodes):
	"""An association with the care-of address, then without; and a neighbour whom nothing forbids."""
	a = node(link, v, nodes)
	sa = db.add(AR, text(a.coa))
	db.known(2)
	asks(a, v, "care-of address with an association: 129", PROHIBITED)
	v("and no LBSA", link.ar.lbsa_state(text(a.coa)) is None, link.ar.lbsa(text(a.coa)))
	other = node(link, v, nodes)
	asks(other, v, "a node without one is served", 0)
	v("its LBSA is valid", valid(link, other))
	db.delete(sa)
	db.known(0)
	asks(a, v, "served when the association is deleted", 0, again=True)
	v("its LBSA is valid, too", valid(link, a))


def every_kind(link, db, v, nodes):
	"""The other direction, the link-local address, AH, tunnel mode; but no association whose keys are negotiated still."""
	for what, way, rest, proto in (
			("inbound", lambda n: (text(n.coa), AR), ESP, "esp"),
			("with the link-local address", lambda n: (AR, text(n.ll)), ESP, "esp"),
			("AH", lambda n: (AR, text(n.coa)), "mode transport " + AUTH, "ah"),
			("tunnel mode", lambda n: (AR, text(n.coa)), ESP.replace("transport", "tunnel"), "esp")):
		b = node(link, v, nodes)
		sa = db.add(*way(b), rest, proto)
		db.known(2)
		asks(b, v, what + ": 129", PROHIBITED)
		db.delete(sa)
		db.known(0)
	b = node(link, v, nodes)
	db.xfrm("allocspi src %s dst %s proto esp min 0x5000 max 0x5010" % (text(b.coa), AR))
	db.known(0)
	asks(b, v, "an association whose keys are still negotiated forbids nothing", 0)


def ends_by_itself(link, db, v, nodes):
	"""Expiry and a flush of the database are seen, too; and what was there before the daemon."""
	c = node(link, v, nodes)
	db.add(AR, text(c.coa), ESP + " limit time-hard 4")
	db.known(2)
	wait_for(lambda: db.peers() == 0, 20, "the association to expire")
	db.add(AR, text(c.coa))
	db.known(2)
	v("lked ends well", link.ar.stop() == 0, link.ar.tail())
	link.ar.start()
	db.known(2)
	v.need("a Router Advertisement", c.attach())
	asks(c, v, "an association from before the daemon's start: 129", PROHIBITED)
	db.xfrm("flush")
	db.known(0)
	return c


def older_lbsa_stays(link, db, v, c):
	"""An association that comes later forbids a renewal; the LBSA there is stays as it was."""
	l = asks(c, v, "served after a flush", 0, again=True)
	v("its LBSA is valid", valid(link, c))
	db.add(AR, text(c.coa))
	db.known(2)
	c.idle(SPACING)
	ack = v.need("an answer to the renewal", c.exchange(old=l.key))
	v("a renewal beside an association: 129", ack[0] == PROHIBITED, ack[0])
	v("the older LBSA stays", valid(link, c))


def draft_4_2_ipsec_association_forbids_an_lbsa(build, directory, printer):
	"""`ip xfrm state add`, delete, expiry and flush in the router's namespace decide whether a request is refused with 129."""
	v, nodes = Verdicts("access router beside IPsec"), []
	with Link(os.path.join(directory, "work"), build) as link:
		db = Database(link)
		try:
			forbidden_and_allowed_again(link, db, v, nodes)
			every_kind(link, db, v, nodes)
			older_lbsa_stays(link, db, v, ends_by_itself(link, db, v, nodes))
		except LabError as e:
			v.bad.append(str(e))
		finally:
			for mn in nodes:
				mn.close()
		v("lked ends well", link.ar.stop() == 0, link.ar.tail())
	return v.bad


TESTS = {f.__name__: f for f in (draft_4_2_ipsec_association_forbids_an_lbsa,)}
