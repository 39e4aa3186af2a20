# SPDX-License-Identifier: ISC
"""What the operator of a home agent is promised: service that ends and comes back, advice, limits of what mobiles do."""
import os
import signal
import subprocess
import time

from packet import octets, text
from peer_home import Keys
from peer_mn import MobileNode
from tests_foreign import ping
from tests_home import BOB, key_file, run_home
from topology import HOME_ADDRESS, wait_for


def bindings(home):
	return {b["home_address"]: b for b in (home.ha.show("bindings") or {}).get("bindings", [])}


def kill_nine(home):
	"""kill -9 of both processes of the home agent, and a new one."""
	d = home.ha
	for pid in d.pids():
		os.kill(pid, signal.SIGKILL)
	d.process.wait(5)
	home.lab.processes.remove(d.process)
	wait_for(lambda: "table ip6 lke" not in d.node.run("nft", "list", "ruleset", check=False), 3,
		"the nft table of ha to go with its process")
	d.start()


def accepted(home, v, what, **how):
	"""A registration; after a restart 135 may name the floor first (AMB-151)."""
	mn = home.mn
	got = v.need("an answer: " + what, mn.register_home(**how))
	if got[0] == 135:
		mn.number = got[2]
		got = v.need("an answer to the number after the floor: " + what, mn.register_home(**how))
	v("accepted: " + what, got[0] in (0, 1), got)
	return got


def suspended(home, v):
	mn = home.mn
	accepted(home, v, "before the suspension")
	for cmd in ("suspend", "resume"):
		said = home.ha.ask(cmd, arg="2001:db8:100::77")
		v(f"an address that is not served: lke {cmd} says where those are", said.get("code") == 7 and
		  said.get("error") == "no [Mobile] section serves 2001:db8:100::77; see: lke show mobiles", said)
	v("lke suspend", home.ha.ask("suspend", arg=HOME_ADDRESS).get("ok"))
	wait_for(lambda: HOME_ADDRESS not in bindings(home), 3, "the binding to go with the service")
	v("nobody defends the home address", home.near.test_address(mn.home, 1) is None)
	v("129 while suspended", v.need("an answer", mn.register_home())[0] == 129)
	kill_nine(home)
	got = v.need("an answer after kill -9", mn.register_home())
	mn.number = got[2] if got[0] == 135 else mn.number
	v("129 after kill -9 and a restart", v.need("an answer", mn.register_home())[0] == 129, got)
	back = mn.another(home.bob, octets(BOB))
	accepted(home, v, "another mobile node all the while")
	back()
	v("lke resume", home.ha.ask("resume", arg=HOME_ADDRESS).get("ok"))
	accepted(home, v, "after resume")
	kill_nine(home)
	accepted(home, v, "after resume and another kill -9")
	v("pings", ping(home.lab["cn"], mn, mn.binding()) == 0)


def sec_030_suspension_over_restarts(build, directory, printer):
	"""lke suspend and lke resume survive kill -9; others are served all the while."""
	return run_home(build, directory, (suspended,), who="suspension")


def to_and_fro(home, v):
	"""Two Binding Updates a second for half a minute, each from the other of two care-of addresses."""
	mn = home.mn
	other = mn.router.prefix + b"\0" * 7 + b"\x66"
	mn.own.add(other)
	start = time.monotonic()
	for n in range(64):
		got = v.need("an answer to update %d" % n, mn.register_home(src=other if n & 1 else mn.coa))
		v("update %d is accepted in order" % n, got[0] == 0 and got[2] == mn.number, got)
		mn.idle(max(0, start + (n + 1) * 0.5 - time.monotonic()))
	v("the binding is the last one's", bindings(home)[HOME_ADDRESS]["care_of_address"] == text(other))
	log = home.ha.tail(20000)
	v("thrashing is told with figures", "thrashing: " in log and " moves in " in log, log[-600:])
	v("and what is above RequireDynamicAbove", "updates a day, above RequireDynamicAbove = 500" in log, log[-600:])
	status = subprocess.run(home.ha.node.argv(home.ha.lke, "--run", home.ha.run_dir, "status"), capture_output=True, text=True,
		timeout=10)
	v("lke status says so, too, and ends with 8", status.returncode == 8 and "RequireDynamicAbove" in status.stdout, status.stdout)
	shown = home.lke("show", "sequences")
	v("the time to both limits is shown", "32768" in shown and "65536" in shown, shown)
	check = subprocess.run([home.ha.lked, "--check", "-c", home.ha.conf], capture_output=True, text=True, timeout=10)
	v("lked --check warns of what is expected", "5000" in check.stderr + check.stdout, check.stderr + check.stdout)


def sec_005_two_updates_a_second(build, directory, printer):
	"""A mobile node between two attachment points: every update in order, and advice to the operator."""
	return run_home(build, directory, (to_and_fro,), "RequireDynamicAbove = 500", "to and fro", mobile="UpdatesPerDay = 5000")


def flood(home, bytes_each=1000, count=40):
	p = home.lab["cn"].popen(["ping", "-q", "-c", str(count), "-i", "0.02", "-W", "1", "-s", str(bytes_each), HOME_ADDRESS],
		subprocess.DEVNULL)
	home.mn.pump(lambda: p.poll() is not None, 10)
	home.lab.stop(p)


def aimed(home, v):
	"""The mobile node names a third party as its care-of address and has 40,000 octets sent to it, three times."""
	mn = home.mn
	victim = MobileNode(home.lab["thief"], "eth0")
	try:
		v.need("the third party attaches", victim.attach())
		since = victim.mark()
		for n in range(3):
			got = v.need("an answer", mn.register_home(alt=victim.coa))
			v("the literal rules are kept: 0", got[0] == 0, got)
			flood(home)
			victim.idle(0.1)
		came = [p for p in victim.got if p.when >= since and p.nh == 41]
		octets_of = sum(len(p.raw) for p in came if len(p.raw) > 500)
		v("some packets come, no more than the credit", 0 < octets_of <= 4096 + 1100, octets_of)
		v("the probes beside them are few and small", sum(len(p.raw) for p in came) - octets_of <= 16 * 104, len(came))
		v("the care-of address is not proved", bindings(home)[HOME_ADDRESS]["state"] in ("unverified", "suspended"),
			bindings(home))
		v("the journal names it", text(victim.coa) in home.lke("audit", "alice", "--state", home.ha.state))
	finally:
		victim.close()
	accepted(home, v, "the own address again")
	echo = v.need("a probe to the own address", mn.wait(lambda p: mn.tunnelled(mn.binding())(p) and p.inner().kind == 128 and
		p.inner().src == mn.agent, 3, mn.mark() - 3))
	mn.answer_ping(mn.binding(), echo)
	mn.pump(lambda: bindings(home)[HOME_ADDRESS]["state"] == "forwarding", 3)
	v("pings, proved", ping(home.lab["cn"], mn, mn.binding()) == 0)


def sec_028_third_party_is_not_flooded(build, directory, printer):
	"""CareOfCredit bounds what a mobile node can have sent to somebody else."""
	return run_home(build, directory, (aimed,), "CareOfCredit = 4K", "third party")


def refreshed(home, v):
	mn = home.mn
	since = mn.mark()
	got = accepted(home, v, "for 12 s", lifetime=3)
	v("12 s granted", got[3] == 3, got)
	mn.pump(lambda: mn.refresh_requests(since) >= 2, 13)
	v("two Binding Refresh Requests before the end", mn.refresh_requests(since) == 2, mn.refresh_requests(since))
	accepted(home, v, "the refresh")


def until(mn, fact):
	"""The home agent hears of its address by netlink: updates until the answer is the one waited for, or the tenth."""
	for _ in range(10):
		got = mn.register_home(lifetime=150)
		if got and fact(got):
			break
	return got or (255, 0, 0, 0)


def capped(home, v):
	mn = home.mn
	address = "addr change 2001:db8:100::1/64 dev home0 valid_lft %s preferred_lft %s"
	home.ha.node.ip(address % (100, 60))
	got = until(mn, lambda got: got[3] < 150)
	v("lifetime within the prefix's, and status 1 (RFC 6275 10.3.1)", got[0] == 1 and 0 < got[3] <= 25, got)
	home.ha.node.ip(address % ("forever", "forever"))
	got = until(mn, lambda got: got[3] == 150)
	v("no cap without an end", got[0] == 0 and got[3] == 150, got)


def algorithms(home, v):
	mn = home.mn
	for n, (keys, addr) in enumerate(home.more):
		back = mn.another(keys, octets(addr))
		accepted(home, v, "keys of kind %d" % n)
		v("pings, keys of kind %d" % n, ping(home.lab["cn"], mn, mn.binding(), 1) == 0)
		back()


def more_mobiles(lab):
	"""A mobile node for each kind of keys: the configuration's lines and what the peer needs."""
	lines, known = "", []
	for n, (enc, mac) in enumerate((("aes-cbc", "hmac-sha1-96"), ("null", "hmac-sha256-128"), ("null", "hmac-sha1-96"))):
		addr = "2001:db8:100::5%d" % n
		path = key_file(os.path.join(lab.dir, "kind%d.key" % n), 0x3000 + 16 * n, 1, enc, mac)
		lines += "[Mobile kind%d]\nHomeAddress = %s\nKey = %s\n" % (n, addr, path)
		known.append((Keys(path), addr))
	return lines, known


def esp_kinds_refresh_and_prefix_lifetime(build, directory, printer):
	"""Every kind of manual keys, Binding Refresh Requests, and a binding that does not outlive its prefix."""
	return run_home(build, directory, (refreshed, capped, algorithms), who="home agent", more=more_mobiles)


TESTS = {f.__name__: f for f in (sec_030_suspension_over_restarts, sec_005_two_updates_a_second, sec_028_third_party_is_not_flooded,
	esp_kinds_refresh_and_prefix_lifetime)}
