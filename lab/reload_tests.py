# SPDX-License-Identifier: ISC
"""Other configurations while everything runs: real daemons under live traffic, and what an operator may do wrong."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "ctl"))
import analyse
import checks
import packet
from nodes import key_file, write
from restart_tests import failures, quiet, restart, silence
from scenario import Story
from topology import SLOW, LabError, wait_for

try:
	import schema
except ImportError:	# python3-jsonschema is not installed

	class schema:
		@staticmethod
		def problems(shown):
			return [] if shown.get("schema") == "lke.reload/1" else ["no schema"]

BOB = "2001:db8:100::43"


def lke(d, *args):
	p = subprocess.run(d.node.argv(d.lke, "--run", d.run_dir, "-c", d.conf, *args), capture_output=True, text=True, timeout=40 * SLOW)
	return p.returncode, p.stdout, p.stderr


def text_of(path):
	with open(path) as f:
		return f.read()


def edit(d, old, new):
	text = text_of(d.conf)
	assert old in text, (old, text)
	write(d.conf, text.replace(old, new, 1))


def running(d):
	return text_of(os.path.join(d.run_dir, "running.conf"))


def reload(story, d, words, *args):
	code, out, err = lke(d, "reload", *args)
	story.judge("%s: %s" % (d.name, words), code == 0, (out + err).strip()[-300:])
	return out


def other_key(path):
	"""Another key of a mobile that nobody is."""
	os.unlink(path)
	write(key_file(path), text_of(path).replace("0x1000", "0x3000").replace("0x1001", "0x3001"))


def around_it(story):
	"""What is changed has nothing to do with the mobile node and its traffic, at each of the four daemons."""
	fleet = story.fleet
	bob = os.path.join(fleet.ha.dir, "bob.key")
	key_file(bob)
	other_key(bob)
	write(fleet.ha.conf, text_of(fleet.ha.conf) + "\n[Mobile bob]\nHomeAddress = %s\nKey = bob.key\n" % BOB)
	out = reload(story, fleet.ha, "one [Mobile] section more")
	story.judge("lke reload says what changed", "+ [Mobile bob]: HomeAddress = " + BOB in out and "alice" not in out, out)
	other_key(bob)
	shown = json.loads(lke(fleet.ha, "diff", "-j")[1])
	story.judge("-j fits its schema", not schema.problems(shown) and shown["changes"][0]["change"] == "key", str(shown))
	code, out, _ = lke(fleet.ha, "diff")
	story.judge("lke diff sees another key in the same file", code == 0 and "~ [Mobile bob]: Key = %s has another key" % bob in out, out)
	story.judge("and no key", "integrity" not in out and not re.search("[0-9a-f]{32}", out), out)
	os.chown(bob, 65534, -1)
	code, _, err = lke(fleet.ha, "reload")
	story.judge("a key file of another user is refused, with the remedy", code == 3 and "user 0 may not read it; run: chown 0" in err, err)
	os.chown(bob, 0, -1)
	reload(story, fleet.ha, "another key of that mobile")
	for n in (1, 2):
		edit(fleet.ar[n], "Interface = wlan0\n", "Interface = wlan0\nRaInterval = 4s\nMaxLbsa = 1000\nKexCpu = 40%\n[Daemon]\nLogLevel = debug\n")
		since = time.time()
		reload(story, fleet.ar[n], "an interval, a limit, a log level")
		ra = story.see(lambda m: m.kind == "RA" and story.names.source(m) == "AR%d" % n, 5, "an advertisement of AR%d" % n, since)
		story.judge("AR%d tells it at once" % n, ra.ts - since < 3.2 * SLOW, "%.1f s" % (ra.ts - since))
		wait_for(lambda d=fleet.ar[n]: "Router Advertisement" in d.tail(4000), 10, "a line of the log level debug")
	edit(fleet.mn, "Strategy    = oldest", "Strategy    = oldest\nLifetime = 3600s")
	reload(story, fleet.mn, "the lifetime to ask for")


def fates(story, name, start, end):
	"""Of the datagrams of both directions."""
	cn, mn = (f for _, f in story.probes[name])
	both = [s.count(start, end) for s in analyse.streams(name, cn, mn)]
	return {k: sum(c[k] for c in both) for k in both[0]}


def op_reload_under_traffic(build, directory, printer):
	"""Reloads at home agent, routers and mobile node while traffic passes two tunnels: nothing of it is lost, nobody asks anew."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		coa1 = packet.text(story.scene.coa[1])
		story.move(2, "3  Handover to AR2")
		story.exchange(2, "4  Local key exchange with AR2")
		story.step("5  Other configurations around it")
		before = story.fleet.ar[1].show("bindings")["bindings"], story.fleet.ha.show("bindings")["bindings"]
		since = time.time()
		around_it(story)
		quiet(story, since, 6, "the mobile node does not notice")
		after = story.fleet.ar[1].show("bindings")["bindings"], story.fleet.ha.show("bindings")["bindings"]
		for was, now, who in zip(before, after, ("AR1", "the home agent")):
			same = [(b["home_address"], b["sequence"]) for b in was] == [(b["home_address"], b["sequence"]) for b in now]
			story.judge("%s has the same binding" % who, was and same, "%s, then %s" % (was, now))
		story.judge("the LBSA of before", story.fleet.ar[1].lbsa_state(coa1) == "valid")
		end = time.time()
		story.stop_traffic()
		for name in ("home", "coa1"):
			gap, fate = silence(story, name, since, end), fates(story, name, since, end - 1)
			story.judge("%s: nothing is lost, doubled or overtaken" % name, fate["sent"] > 5000
				and not fate["lost"] + fate["duplicated"] + fate["reordered"], "%s, longest silence %.0f ms" % (fate, gap))
		story.stop_daemons()
		return failures(story)


class Monitor:
	"""The reloads that lke monitor -j of a daemon tells, in order, and their words without -j."""

	def __init__(self, d, path, *args):
		self.out = open(path, "w+")
		self.process = d.node.popen([d.lke, "--run", d.run_dir, "monitor", *args], self.out)
		wait_for(lambda: connected(d, self.process.pid), 5, "the monitor to be connected")

	def lines(self):
		return text_of(self.out.name).splitlines()

	def end(self):
		self.process.terminate()
		self.process.wait()
		self.out.close()


def connected(d, pid):
	"""It is lke, no longer what starts it, and waits for what lked says; its request is read, as lked answers who asks later."""
	fds = "/proc/%d/fd/" % pid
	if text_of("/proc/%d/comm" % pid) != "lke\n" or text_of("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[0] != "S":
		return False
	return any(os.readlink(fds + n).startswith("socket:") for n in os.listdir(fds)) and d.show() is not None


def reloads_told(monitor):
	return [e for e in (json.loads(line) for line in monitor.lines()) if e["event"] == "reload"]


def told(story, monitor, words, **want):
	"""The newest reload of a monitor is this one."""
	def last():
		return (reloads_told(monitor) or [{}])[-1]
	wait_for(lambda: all(last().get(k) == v for k, v in want.items()), 5, "lke monitor: %s: %s" % (words, want))
	story.judge("lke monitor: " + words, not event_problems(last()), str(event_problems(last())))
	return last()


def event_problems(event):
	return schema.problems(event) if hasattr(schema, "members") else []


def wrong_files(story, d, monitor):
	good, was = text_of(d.conf), running(d)
	write(d.conf, good + "Finishd = yes\nMtu = 1\n[Nonsense]\n")
	code, out, err = lke(d, "reload")
	story.judge("every error of a broken file, with its line", code == 3 and ":3: error: unknown key 'Finishd'" in err
		and ":4: error: Mtu" in err and ":5: error: unknown section" in err and "nothing was changed" in err, err)
	event = told(story, monitor, "a reload of a broken file", action="reload", by="operator", result="wrong")
	story.judge("with its problems", len(event["problems"]) == 3 and not event["changes"] and event["text"].startswith(
		"not reloaded, the configuration has errors, nothing was changed; correct them: %s:3: error" % d.conf), str(event))
	write(d.conf, good + "MaxLbsa = 5\n[Daemon]\nTun = lke7\n")
	code, out, err = lke(d, "reload")
	story.judge("what needs a restart is named, and nothing is changed", code == 1 and "+ [Daemon]: Tun = lke7\n    needs a restart" in out
		and "nothing was changed" in err, out + err)
	event = told(story, monitor, "one that needs a restart", action="reload", result="restart")
	story.judge("with what is different", "+ [Daemon]: Tun = lke7" in event["text"] and any(c["restart"] for c in event["changes"]), str(event))
	write(d.conf, good + "[HomeAgent]\nInterface = wlan0\n")
	code, out, err = lke(d, "reload")
	story.judge("a role that comes needs a restart", code == 1 and "a role neither comes nor goes" in out, out + err)
	os.unlink(d.conf)
	os.mkfifo(d.conf)
	start = time.monotonic()
	code, out, err = lke(d, "reload")
	story.judge("a FIFO in its place hangs nobody", code == 3 and "is not a regular file" in err and time.monotonic() - start < 5 * SLOW, err)
	os.unlink(d.conf)
	os.symlink("/dev/zero", d.conf)
	code, out, err = lke(d, "reload")
	story.judge("nor does a file without end", code == 3 and "is not a regular file" in err, err)
	os.unlink(d.conf)
	with open(d.conf, "w") as f:
		os.fchmod(f.fileno(), 0o600)
		f.truncate(300 << 20)
	code, out, err = lke(d, "reload")
	story.judge("nor one that is too long", code == 3 and "is too long" in err, err)
	os.unlink(d.conf)
	code, out, err = lke(d, "reload")
	story.judge("no file at all", code == 3 and "No such file" in err, err)
	write(d.conf, good)
	code, out, err = lke(d, "reload", "-j")
	story.judge("the same as JSON", code == 0 and not schema.problems(json.loads(out)), out + err)
	story.judge("it runs with what it had", running(d) == was and lke(d, "diff")[1].startswith("no difference"), running(d))


def harmless(pid):
	"""Has this process no capability?"""
	try:
		status = text_of("/proc/%d/status" % pid)
	except OSError:
		return False
	return "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status


def stuck_reader(story, d):
	"""The process that reads the files stops: it is given up, and a second reload meanwhile says so."""
	code, out, err = 0, "", ""
	write(d.conf, text_of(d.conf) + "".join("# %d\n" % n for n in range(900000)))	# long enough to be met
	p = subprocess.Popen(d.node.argv(d.lke, "--run", d.run_dir, "reload"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
	mine = d.pids()[:2]

	def reader():
		return [pid for pid in d.pids() if pid not in mine]
	wait_for(lambda: reader() or p.poll() is not None, 5, "the process that reads the files", 0.0005)
	caught = reader()
	if caught:
		# It gives them up first of all, long before it is through the file; a fork is seen earlier than that.
		end = time.monotonic() + 0.05
		while not harmless(caught[0]) and time.monotonic() < end:
			pass
		os.kill(caught[0], signal.SIGSTOP)
		story.judge("it has no capability", harmless(caught[0]), text_of("/proc/%d/status" % caught[0]))
		code, out, err = lke(d, "diff")
		story.judge("another one is told to wait", code == 1 and "another reload is under way" in err, err)
		story.judge("lked answers meanwhile", d.show() is not None)
	_, err = p.communicate(timeout=40 * SLOW)
	story.judge("a reader that hangs is given up after 20 s", not caught or (p.returncode == 6 and "nothing was changed" in err), err)
	return bool(caught)


def signal_and_manager(story, d):
	"""SIGHUP, and what a service manager hears."""
	path = os.path.join(d.dir, "notify")
	with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
		s.bind(path)
		os.chmod(path, 0o666)
		s.settimeout(20 * SLOW)
		os.environ["NOTIFY_SOCKET"] = path
		try:
			restart(story, d, signal.SIGTERM)
		finally:
			del os.environ["NOTIFY_SOCKET"]
		story.judge("ready", s.recv(200) == b"READY=1")
		monitor = Monitor(d, os.path.join(d.dir, "signal.ndjson"), "-j")
		edit(d, "Interface = wlan0\n", "Interface = wlan0\nMtu = 1380\n")
		os.kill(d.pids()[0], signal.SIGHUP)
		said = s.recv(200).decode()
		story.judge("the service manager hears of the reload", said.startswith("RELOADING=1\nMONOTONIC_USEC=") and said[27:].strip().isdigit(), said)
		story.judge("and of its end", s.recv(200) == b"READY=1")
	story.judge("SIGHUP takes the files over", "Mtu = 1380" in running(d))
	event = told(story, monitor, "SIGHUP", action="reload", by="signal", result="done", confirm_within=None)
	story.judge("with what it changed", event["text"] == "configuration reloaded: + [AccessRouter] wlan0: Mtu = 1380", event["text"])
	monitor.end()


def op_reload_of_wrong_files(build, directory, printer):
	"""Whatever is in the place of the configuration: nothing changes, nobody hangs, every problem is said."""
	with Story(build, directory, printer) as story:
		story.step("1  What may be in the place of the configuration")
		d = story.fleet.ar[1]
		monitor = Monitor(d, os.path.join(directory, "wrong.ndjson"), "-j")
		wrong_files(story, d, monitor)
		monitor.end()
		story.step("2  A reader that hangs")
		good = text_of(d.conf)
		for _ in range(5):
			if stuck_reader(story, d):
				break
			write(d.conf, good)
		write(d.conf, good)
		story.step("3  SIGHUP and the service manager")
		signal_and_manager(story, d)
		story.stop_daemons()
		return failures(story)


def undone_by_itself(story, d, monitor):
	was = running(d)
	edit(d, "Interface = wlan0\n", "Interface = wlan0\nMtu = 1400\n")
	reload(story, d, "for two seconds", "--confirm-within", "2s")
	story.judge("it is taken over", "Mtu = 1400" in running(d))
	story.judge("what was before is kept", "Mtu" not in text_of(d.state + "/before-reload.conf"))
	code, out, err = lke(d, "reload")
	story.judge("no reload on top of it", code == 1 and "lke confirm" in err, err)
	told(story, monitor, "it waits to be confirmed", action="reload", by="operator", result="done", confirm_within=2)
	wait_for(lambda: running(d) == was, 6, "the reload to be undone")
	event = told(story, monitor, "the time undoes it", action="undo", by="time", result="done", confirm_within=None)
	story.judge("with what that changed", event["text"] == "reload undone, it was not confirmed in time: - [AccessRouter] wlan0: Mtu = 1400",
		event["text"])
	wait_for(lambda: not os.path.exists(d.state + "/before-reload.conf"), 3, "the file to go")
	story.judge("the file is as the operator left it", "Mtu = 1400" in lke(d, "diff")[1])
	story.judge("nothing is left to confirm", lke(d, "confirm")[0] == 7)
	story.judge("nor to undo", lke(d, "undo")[0] == 7)


def confirmed_and_undone(story, d, monitor):
	was = running(d)
	reload(story, d, "with a minute to confirm", "--confirm-within", "60s")
	story.judge("confirmed", lke(d, "confirm")[0] == 0 and not os.path.exists(d.state + "/before-reload.conf"))
	told(story, monitor, "a reload is confirmed", action="confirm", by="operator", result="done", changes=[])
	story.judge("once", lke(d, "confirm")[0] == 7)
	story.judge("undo goes back later, too", lke(d, "undo")[0] == 0 and running(d) == was, running(d))
	event = told(story, monitor, "the operator undoes it", action="undo", by="operator", result="done")
	story.judge("the other way round", [(c["change"], c["statement"]) for c in event["changes"]]
		== [("gone", "[AccessRouter] wlan0: Mtu = 1400")], str(event))
	story.judge("one step", lke(d, "undo")[0] == 7)


def restarted_in_between(story, d, words, how):
	was = running(d)
	reload(story, d, "with a minute to confirm", "--confirm-within", "1m")
	restart(story, d, how)
	story.judge("after %s lked has the configuration before" % words, running(d).count("Mtu") == was.count("Mtu") == 0, running(d))
	story.judge("and says so", "the last reload was not confirmed" in d.tail(3000))
	story.judge("lke diff shows the files", "+ [AccessRouter] wlan0: Mtu = 1400" in lke(d, "diff")[1])
	story.judge("nothing waits", lke(d, "confirm")[0] == 7 and not os.path.exists(d.state + "/before-reload.conf"))


def op_reload_confirm_within(build, directory, printer):
	"""--confirm-within, confirm, undo; a restart in between undoes what was not confirmed, and the next one has the files."""
	with Story(build, directory, printer) as story:
		d = story.fleet.ar[1]
		story.step("1  Nobody confirms")
		monitor = Monitor(d, os.path.join(directory, "monitor.ndjson"), "-j")
		people = Monitor(d, os.path.join(directory, "monitor.txt"))
		undone_by_itself(story, d, monitor)
		story.step("2  Confirmed, and undone later")
		confirmed_and_undone(story, d, monitor)
		monitor.end()
		people.end()
		story.judge("people read the same", "configuration reloaded, undone in 2 s without lke confirm: + [AccessRouter] wlan0: Mtu = 1400\n"
			in text_of(people.out.name), text_of(people.out.name))
		story.step("3  lked ends in between")
		restarted_in_between(story, d, "kill -9", signal.SIGKILL)
		restarted_in_between(story, d, "SIGTERM", signal.SIGTERM)
		restart(story, d, signal.SIGTERM)
		story.judge("the start after that has the files", "Mtu = 1400" in running(d))
		story.step("4  Undo brings a mobile node back with its binding and numbers")
		story.attach()
		story.stop_traffic()
		ha = story.fleet.ha
		was = ha.show("bindings")["bindings"]
		text = text_of(ha.conf)
		bob = os.path.join(ha.dir, "bob.key")
		key_file(bob)
		other_key(bob)
		write(ha.conf, text[:text.index("[Mobile alice]")] + "[Mobile bob]\nHomeAddress = %s\nKey = bob.key\n" % BOB)
		reload(story, ha, "without the mobile node", "--confirm-within", "1m")
		story.judge("its binding is gone", not ha.show("bindings")["bindings"])
		story.judge("nobody reaches it", not reaches(story))
		story.judge("lke undo", lke(ha, "undo")[0] == 0)
		now = ha.show("bindings")["bindings"]
		same = [(b["home_address"], b["care_of_address"], b["sequence"]) for b in was] == [
			(b["home_address"], b["care_of_address"], b["sequence"]) for b in now]
		story.judge("its binding is back", was and same, "%s, then %s" % (was, now))
		story.judge("it is reached", reaches(story))
		story.stop_daemons()
		return failures(story)


def reaches(story):
	try:
		return story.reaches("cn", "2001:db8:100::42", 2)
	except LabError:
		return False


def op_reload_of_interfaces(build, directory, printer):
	"""A link more and less: of an access router, with Router Advertisements; of a mobile node, with a handover over it."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		ar1, mn, lab = story.fleet.ar[1], story.fleet.mn, story.lab
		story.step("3  AR1 serves its other link, too")
		since = time.time()
		write(ar1.conf, text_of(ar1.conf) + "\n[AccessRouter]\nInterface = core0\n")
		reload(story, ar1, "one interface more")

		def on_core(lifetime):
			return lambda m: m.kind == "RA" and story.names.source(m) == "AR1" and "ar1-core0" in " ".join(m.seen) and (
				(m.f.get("router_lifetime", m.f.get("lifetime", 1)) > 0) == lifetime)
		story.see(on_core(True), 8, "an advertisement on core0", since)
		edit(ar1, "\n[AccessRouter]\nInterface = core0\n", "")
		since = time.time()
		reload(story, ar1, "and less")
		story.see(on_core(False), 8, "the last advertisement on core0", since)
		story.judge("the LBSA on the other link is there", ar1.lbsa_state(packet.text(story.scene.coa[1])) == "valid")
		story.step("4  The mobile node gets an interface")
		lab.plug("mn", "wlan1", "l2", "02:00:00:00:0b:02")
		lab["mn"].sysctl(wlan1__accept_ra=0)
		lab["mn"].ip("link set wlan1 up")
		edit(mn, "Interface   = wlan0\n", "Interface   = wlan0\nInterface   = wlan1\n")
		reload(story, mn, "one interface more")
		wait_for(lambda: any(r.get("interface") == "wlan1" for r in mn.show("routers").get("routers", [])), 10, "AR2 on wlan1")
		story.judge("solicitations there are its own", '"wlan1"' in lab["mn"].run("nft", "list", "set", "ip6", "lke", "solicited", check=False))
		since = time.time()	# the answer may be here before detach() is done
		lab.detach()
		ba = story.see(lambda m: checks.local_ba(m, story.scene.ar(1)) and m.f["status"] == 0, 8, "AR1's Binding Acknowledgement by wlan1", since)
		story.judge("the handover goes by the new interface", checks.on_prefix(ba.dst, 2), packet.text(ba.dst))
		lab.attach("l1")
		wait_for(lambda: any(r.get("interface") == "wlan0" and r.get("chosen") for r in mn.show("routers").get("routers", [])), 10, "AR1 again")
		edit(mn, "Interface   = wlan1\n", "")
		reload(story, mn, "and less")
		story.judge("its addresses leave it", "2001:db8:2:" not in lab["mn"].show("-6", "addr", "show", "dev", "wlan1"),
			lab["mn"].show("-6", "addr", "show", "dev", "wlan1"))
		story.judge("solicitations there are the kernel's", '"wlan1"' not in lab["mn"].run("nft", "list", "set", "ip6", "lke", "solicited", check=False))
		story.judge("it is reached", reaches(story))
		story.stop_traffic()
		story.stop_daemons()
		return failures(story)


TESTS = (op_reload_under_traffic, op_reload_of_wrong_files, op_reload_confirm_within, op_reload_of_interfaces)
