# SPDX-License-Identifier: ISC
"""Lab tests of the home agent's stable storage: kill -9 under load, broken disks, another key."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

from bu_load import Load, Mobile
from nodes import Daemon, write
from topology import HOME_ADDRESS, Lab, run, wait_for

MOBILES, RATE, RESERVE = 50, 1000, 64
NEWEST, RANDOM = 64, 200


class Agent:
	"""A home agent alone with its mobile nodes."""

	def __init__(self, build, directory, mobiles, state=None):
		self.lab = Lab(os.path.join(directory, "work"))
		self.lab.__enter__()
		try:
			self.mobiles = [Mobile(n) for n in range(1, mobiles + 1)]
			self.ha = Daemon(self.lab, build, "ha", self._conf())
			self.load = Load(self.lab, self.mobiles)
		except BaseException:
			self.lab.close()
			raise

	def __enter__(self):
		return self

	def __exit__(self, *exc):
		self.load.close()
		self.lab.close()

	def _conf(self):
		text = "[HomeAgent]\nInterface = home0\nMaxUpdates = off\n"
		for m in self.mobiles:
			m.key_path = write(os.path.join(self.lab.dir, m.name + ".key"), m.key_lines())
			text += "[Mobile %s]\nHomeAddress = 2001:db8:100::1:%x\nKey = %s\n" % (m.name, m.n, m.key_path)
		return text

	def kill(self):
		"""Both processes at once; the kernel removes the table when the last socket of its owner is gone."""
		for pid in self.ha.pids():
			os.kill(pid, signal.SIGKILL)
		self.ha.process.wait(5)
		self.lab.processes.remove(self.ha.process)
		wait_for(lambda: "table ip6 lke" not in self.ha.node.run("nft", "list", "ruleset", check=False), 5,
			"the nft table of ha to go with its process")

	def lke(self, *args):
		"""Exit status and output of a command of the operator."""
		p = subprocess.run(self.ha.node.argv(self.ha.lke, "-c", self.ha.conf, "--run", self.ha.run_dir, *args),
			capture_output=True, text=True, timeout=10)
		return p.returncode, p.stdout + p.stderr

	def status(self):
		return self.lke("status")


def unwrap(number, near):
	"""The number that this one of 16 bits stands for."""
	return near + (number - near + 32768) % 65536 - 32768


def some(recorded):
	newest = sorted(recorded, key=lambda r: r[3])[-NEWEST:]
	return newest + [recorded[0]] + [random.choice(recorded) for _ in range(RANDOM)]


def judge_restart(agent, recorded, bad):
	"""What the attacker recorded is refused; floors cover what was acknowledged and burn at most a reservation."""
	chosen = some(recorded)
	statuses, told = agent.load.replay([(m, p) for m, _, p, _ in chosen])
	if statuses.get(0) or not statuses.get(135):
		bad.append("recorded Binding Updates sent again got the statuses %r" % statuses)
	burnt = 0
	for m, number in told.items():
		floor = unwrap(number, m.number)
		acked = m.accepted[-1][0]
		if floor < acked:
			bad.append("%s: floor %d after a restart, %d was acknowledged" % (m.name, floor, acked))
		burnt = max(burnt, floor - m.number)
	if burnt > RESERVE:
		bad.append("%d numbers burnt by a crash" % burnt)
	return len(chosen), burnt


def crashes(build, directory, printer, rounds):
	bad, recorded, replayed, most = [], [], 0, 0
	with Agent(build, directory, MOBILES) as agent:
		agent.ha.start()
		if agent.load.register(agent.mobiles, 15):
			return ["not every mobile node was registered: " + agent.ha.tail()]
		known = dict.fromkeys(agent.mobiles, 0)
		for _ in range(rounds):
			agent.load.run(0.2 + random.random() * 0.4, RATE)
			agent.kill()
			agent.load.take(0.2)
			for m in agent.mobiles:
				recorded += [(m, k, p, len(recorded) + i) for i, (k, p) in enumerate(m.accepted[known[m]:])]
				known[m] = len(m.accepted)
				m.under_way.clear()
			agent.ha.start()
			wait_for(lambda: len((agent.ha.show("bindings") or {}).get("bindings", [])) == MOBILES, 5,
				"all bindings of before the crash")
			n, burnt = judge_restart(agent, recorded, bad)
			replayed, most = replayed + n, max(most, burnt)
			if agent.load.register(agent.mobiles, 5):
				bad.append("service did not come back")
			if bad:
				return bad + [agent.ha.tail()]
		statuses, _ = agent.load.replay([(m, p) for m, _, p, _ in recorded], 20)
		if statuses.get(0):
			bad.append("of everything recorded %d were accepted again" % statuses[0])
		agent.ha.stop()
	print("%d crashes, %d Binding Updates sent, %d accepted, %d of %d replays answered 135, at most %d numbers burnt" % (
		rounds, agent.load.sent, len(recorded), statuses.get(135, 0), len(recorded), most))
	if len(recorded) < 50 * rounds:
		bad.append("only %d Binding Updates were accepted: that is no load" % len(recorded))
	return bad


def sec_024_no_replay_in_20_crashes_under_load(build, directory, printer):
	"""kill -9 of the home agent under 1,000 Binding Updates a second, again and again: no recorded one is accepted."""
	return crashes(build, directory, printer, int(os.environ.get("LKE_CRASHES", "20")))


def broken(agent, m, why, bad):
	"""A first registration while the disk does not work: 130, and the operator is told."""
	agent.load.take(0.3) # what was answered behind DAD of another
	statuses = {}
	end = time.monotonic() + 5
	while not statuses and time.monotonic() < end:
		agent.load.offer(m)
		statuses = agent.load.take(1.0)
	if statuses != {130: 1}:
		bad.append("%s: statuses %r, not one 130" % (why, statuses))
	code, text = agent.status()
	if code != 8 or why not in text or len(text.strip().splitlines()) != 1:
		bad.append("%s: lke status says %d %r" % (why, code, text))


def healed(agent, m, why, bad):
	try:
		wait_for(lambda: agent.status()[0] == 0, 8, "lke status after: " + why, 0.2)
	except Exception as e:
		bad.append(str(e) + ": " + agent.status()[1])
	if agent.load.register([m], 8):
		bad.append("%s: service did not come back" % why)


def read_only_start(agent, state):
	"""On a read-only file system lked does not start as if nothing were wrong."""
	run(["mount", "--bind", state, state])
	try:
		run(["mount", "-o", "remount,bind,ro", state])
		p = subprocess.run(agent.ha.node.argv(agent.ha.lked, "-c", agent.ha.conf, "--state", state, "--run", agent.ha.run_dir),
			capture_output=True, text=True, timeout=10)
		return [] if p.returncode == 1 and "Read-only file system; name a place" in p.stderr else ["read-only: %d %s" % (p.returncode, p.stderr)]
	finally:
		run(["umount", state])


def threats_82_full_read_only_and_removed_storage(build, directory, printer):
	"""A full disk, a read-only one and a store that is gone: nothing is acknowledged, and service comes back by itself."""
	bad = []
	with Agent(build, directory, 5) as agent:
		state = agent.ha.state
		run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", state])
		try:
			agent.ha.start()
			served, *others = agent.mobiles
			agent.load.register([served])
			# As on a file system that takes new blocks to write again: what the log has already would do.
			os.truncate(state + "/sequence.db-wal", 0)
			with open(state + "/filler", "wb", buffering=0) as f:
				try:
					while True:
						f.write(bytes(4096))
				except OSError:
					pass
			broken(agent, others[0], "No space left on device; make room there", bad)
			if agent.load.register([served], 3):
				bad.append("who is registered and has numbers left was not served on the full disk")
			os.unlink(state + "/filler")
			healed(agent, others[0], "full disk", bad)
			os.rename(state + "/sequence.db", state + "/away")
			broken(agent, others[1], "its file was removed; put it back", bad)
			os.rename(state + "/away", state + "/sequence.db")
			healed(agent, others[1], "removed store", bad)
			agent.ha.stop()
			log = agent.ha.tail(20000)
			for word in ("stable storage failed", "stable storage works again", "sequence floor not durable"):
				if word not in log:
					bad.append("the log does not say: " + word)
			bad += read_only_start(agent, state)
		finally:
			subprocess.run(["umount", "-l", state], check=False)
	return bad


def amb_152_rekey_while_serving(build, directory, printer):
	"""lke rekey, export, and the mobile node with the next key: no registration is lost, the old key is gone."""
	bad = []
	with Agent(build, directory, 2) as agent:
		agent.ha.start()
		m = agent.mobiles[0]
		home = "2001:db8:100::1:1"
		agent.load.register(agent.mobiles)
		recorded = m.accepted[-1]
		code, text = agent.lke("rekey", home)
		if code or "generation 2" not in text:
			return ["lke rekey: %d %s" % (code, text)]
		same = lambda when: bad.extend([] if "no difference" in (text := agent.lke("diff")[1]) else ["lke diff %s: %s" % (when, text)])	# noqa: E731
		same("after lke rekey")
		if agent.load.register([m], 3):
			bad.append("the present key does not serve beside the next one")
		policy = os.path.join(agent.lab.dir, "m1.policy")
		code, text = agent.lke("export", home, policy)
		if code or os.stat(policy).st_mode & 0o777 != 0o600:
			return bad + ["lke export: %d %s" % (code, text)]
		old_spi = m.spi
		with open(policy) as f:
			m.take_keys(f.read())
		if agent.load.register([m], 3):
			bad.append("the next key does not serve: " + agent.ha.tail())
		wait_for(lambda: not os.path.exists(m.key_path + ".next"), 3, "the next key in the place of the old one")
		same("after the change of keys")
		with open(m.key_path) as f:
			if "generation = 2" not in f.read():
				bad.append("the key file is not that of the next generation")
		shown = [x for x in agent.ha.show("mobiles")["mobiles"] if x["name"] == "m1"][0]
		if shown["key_generation"] != 2 or m.spi == old_spi:
			bad.append("lke show mobiles: %r" % shown)
		if agent.load.replay([recorded], 1)[0]:
			bad.append("a Binding Update under the old key got an answer")
		agent.kill()
		agent.ha.start()
		if agent.load.register(agent.mobiles, 5):
			bad.append("after a restart the next key does not serve")
		if agent.load.replay([recorded], 1)[0]:
			bad.append("after a restart a Binding Update under the old key got an answer")
		code, text = agent.lke("suspend", home)
		agent.kill()
		agent.ha.start()
		agent.load.offer(m)
		statuses = agent.load.take(2.0)
		if code or 129 not in statuses and 135 not in statuses:
			bad.append("suspended before a kill -9: %r" % statuses)
		agent.load.offer(m)
		statuses = agent.load.take(2.0)
		if statuses.get(129) != 1:
			bad.append("a suspended mobile node did not get 129 after a restart: %r" % statuses)
		agent.ha.stop()
	return bad


def change(policy, values):
	"""A copy of a policy file with other values."""
	with open(policy) as f:
		lines = [l.split(" = ", 1) for l in f.read().splitlines() if " = " in l]
	return write(policy + ".newer", "".join("%s = %s\n" % (k, values.get(k, v)) for k, v in lines))


def sec_047_entry_moves_to_another_home_agent(build, directory, printer):
	"""lke export here, lke import there: the mobile node is served under the keys it has; no key comes back."""
	bad = []
	with Agent(build, directory, 2) as agent:
		agent.ha.start()
		m, other = agent.mobiles
		policy, second = (os.path.join(agent.lab.dir, n) for n in ("m1.policy", "second"))
		code, text = agent.lke("export", "2001:db8:100::1:1", policy)
		if code:
			return ["lke export: %d %s" % (code, text)]
		agent.ha.stop()
		os.mkdir(second, 0o700)
		conf = write(os.path.join(second, "lke.conf"),
			"[HomeAgent]\nInterface = home0\n[Mobile m2]\nHomeAddress = 2001:db8:100::1:2\nKey = %s\n" % other.key_path)
		agent.ha.conf, agent.ha.state = conf, os.path.join(second, "state")
		os.mkdir(agent.ha.state, 0o700)
		code, text = agent.lke("import", policy)
		if code or not os.path.exists(conf + ".d/m1.conf") or os.stat(second + "/mobiles/m1.key").st_mode & 0o777 != 0o600:
			bad.append("lke import: %d %s" % (code, text))
		agent.ha.start()
		if agent.load.register(agent.mobiles, 8):
			bad.append("the entry does not serve where it was imported: " + agent.ha.tail())
		code, text = agent.lke("import", policy)
		if code != 1 or "generation 1 already" not in text:
			bad.append("the same key again: %d %s" % (code, text))
		newer = change(policy, {"generation": "2"})
		code, text = agent.lke("import", newer)
		if code == 0 or "not taken" not in text or os.path.exists(second + "/mobiles/m1.key.next"):
			bad.append("another generation of the very same key: %d %s" % (code, text))
		newer = change(policy, {"generation": "2", "spi-to-ha": "0x9000", "spi-to-mn": "0x9001",
			"integrity-key-to-ha": os.urandom(32).hex(), "integrity-key-to-mn": os.urandom(32).hex()})
		code, text = agent.lke("import", newer)
		if code or "the next one" not in text:
			bad.append("a newer key: %d %s" % (code, text))
		with open(newer) as f:
			m.take_keys(f.read())
		if agent.load.register([m], 5):
			bad.append("the newer key does not serve: " + agent.ha.tail())
		agent.ha.stop()
	return bad


def put_back(agent, copy, args=()):
	"""Starts the home agent with the store of an earlier day."""
	shutil.rmtree(agent.ha.state)
	shutil.copytree(copy, agent.ha.state)
	agent.ha.args = args
	agent.ha.start()


def threats_83_old_copy_and_lost_store(build, directory, printer):
	"""An old copy of the store, then none: with --restored nothing recorded is accepted again, and genuine ones go on."""
	bad = []
	with Agent(build, directory, 2) as agent:
		copy = os.path.join(agent.lab.dir, "copy")
		agent.ha.start()
		agent.load.register(agent.mobiles)
		agent.ha.stop()
		shutil.copytree(agent.ha.state, copy)
		agent.ha.start()
		known = {m: len(m.accepted) + 2 * RESERVE for m in agent.mobiles}	# beyond what is reserved ahead
		wait_for(lambda: agent.load.run(0.5, 500) and all(len(m.accepted) > known[m] for m in known), 30, "enough Binding Updates")
		agent.load.take(0.5)
		recorded = [(m, p) for m in known for _, p in m.accepted[known[m]:]]
		agent.ha.stop()
		put_back(agent, copy)
		if not agent.load.replay(recorded)[0].get(0):
			bad.append("the copy alone refuses what was recorded: this tests nothing")
		agent.ha.stop()
		put_back(agent, copy, ("--restored",))
		statuses, _ = agent.load.replay(recorded)
		if statuses.get(0) or not statuses.get(135):
			bad.append("--restored: recorded Binding Updates got %r" % statuses)
		if "16384 numbers more" not in agent.ha.tail(5000):
			bad.append("--restored is not told")
		if agent.load.register(agent.mobiles, 8):
			bad.append("--restored: genuine Binding Updates do not go on: " + agent.ha.tail())
		agent.ha.stop()
		for name in os.listdir(agent.ha.state):
			if name.startswith("sequence.db"):
				os.unlink(os.path.join(agent.ha.state, name))
		agent.ha.start()
		bad += lost(agent, recorded)
		agent.ha.stop()
	return bad


def lost(agent, recorded):
	"""No store, and --restored: each address is refused until it has other keys, over a start without --restored, too."""
	bad = []
	for args in (("--restored",), ()):
		if agent.ha.args != args:
			agent.ha.stop()
			agent.ha.args = args
			agent.ha.start()
		statuses, _ = agent.load.replay(recorded, 2)
		if statuses.get(0) or not agent.load.register(agent.mobiles, 3):
			bad.append("a lost store accepts something: %r" % statuses)
	m = agent.mobiles[0]
	policy = os.path.join(agent.lab.dir, "lost.policy")
	said = [agent.lke("rekey", "2001:db8:100::1:1"), agent.lke("export", "2001:db8:100::1:1", policy)]
	if any(code for code, _ in said):
		return bad + ["lke rekey, lke export: %r" % said]
	with open(policy) as f:
		m.take_keys(f.read())
	if agent.load.register([m], 8):
		bad.append("other keys do not serve: " + agent.ha.tail())
	return bad


TESTS = {f.__name__: f for f in (sec_024_no_replay_in_20_crashes_under_load, threats_82_full_read_only_and_removed_storage,
	threats_83_old_copy_and_lost_store, amb_152_rekey_while_serving, sec_047_entry_moves_to_another_home_agent)}
