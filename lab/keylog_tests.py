# SPDX-License-Identifier: ISC
"""Lab test of `lke keylog`: what it writes verifies the capture, and nobody gets it unasked."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dissector	# noqa: E402
import packet	# noqa: E402
from scenario import Story	# noqa: E402


def lke(d, *args, user=()):
	p = subprocess.run(d.node.argv(*user, d.lke, "--run", d.run_dir, *args), capture_output=True, text=True)
	return p.returncode, p.stdout + p.stderr


def logged(path):
	"""{(care-of address, key)}"""
	with open(path) as f:
		lines = [line.split() for line in f if line.startswith("LKE_KBM ")]
	return {(packet.octets(coa), bytes.fromhex(kbm)) for _, coa, _, kbm in lines}


def turn_on(story, d, path):
	code, words = lke(d, "keylog", "on", path)
	story.judge("the key log of %s begins, with a warning" % d.name, code == 0 and "WARNING" in words, words)
	story.judge("its file is for its owner only", os.stat(path).st_mode & 0o777 == 0o600)
	code, words = lke(d, "status")
	story.judge("and its status says so", code == 8 and "key log" in words, words)
	code, words = lke(d, "keylog", "on", path)
	story.judge("an existing file is not taken", code == 1 and "new file" in words, words)


def refusals(story, d, directory):
	open_to_all = os.path.join(directory, "all.keys")
	with open(open_to_all, "w"):
		pass
	os.chmod(open_to_all, 0o644)
	link = os.path.join(directory, "link.keys")
	os.symlink(os.path.join(directory, "behind.keys"), link)
	for path in (open_to_all, link):
		story.judge("%s is refused" % os.path.basename(path), lke(d, "keylog", "on", path)[0] == 1)
	story.judge("nothing was made where the link points", not os.path.exists(os.path.join(directory, "behind.keys")))
	answer = d.ask("keylog", arg="perhaps")
	story.judge("a request that is no request is refused", answer["code"] == 2, str(answer))


def thr_101_key_log(build, directory, printer):
	"""`lke keylog` writes every key for root who asked, and no other; tshark and lke verify the capture with it."""
	with Story(build, directory, printer) as story:
		fleet = story.fleet
		files = {d: os.path.join(directory, d.name + ".keys") for d in (fleet.mn, fleet.ar[1], fleet.ar[2])}
		story.step("0  The key logs begin")
		refusals(story, fleet.ar[1], directory)
		turn_on(story, fleet.ar[1], files[fleet.ar[1]])
		for d in (fleet.mn, fleet.ar[2]):
			lke(d, "keylog", "on", files[d])
		story.figure_2_1()
		story.judge("off, and no longer in the status", lke(fleet.mn, "keylog", "off")[0] == 0 and
			"key log" not in lke(fleet.mn, "status")[1])
		story.move(2, "3  Handover to AR2")
		story.exchange(2, "4  Local key exchange with AR2")
		story.stop_traffic()
		story.stop_daemons()
		story.step("5  What the logs say")
		both = logged(files[fleet.ar[1]]) | logged(files[fleet.ar[2]])
		learned = {(coa, kbm) for coa, ring in story.keys.kbm.items() for kbm in ring}
		story.judge("the routers wrote the keys that their private keys open", both and both == learned,
			"%d of %d" % (len(both), len(learned)))
		mobile = logged(files[fleet.mn])
		story.judge("the mobile node wrote its own until the log was off", mobile == logged(files[fleet.ar[1]]),
			"%d keys" % len(mobile))
		together = os.path.join(directory, "together.keys")
		with open(together, "w") as f:
			f.write("".join(open(files[fleet.ar[n]]).read() for n in (1, 2)))
		macs, _ = dissector.by_tshark(story.path, together)
		story.judge("tshark verifies every MAC with them", macs and set(macs.values()) == {"verified"}, "%d" % len(macs))
		story.judge("and so does lke", dissector.by_lke(fleet.mn.lke, story.path, together) == macs)
		for d in files:
			with open(d.log) as f:
				text = f.read()
			story.judge("the log of %s warns and has no key" % d.name, "KEY LOG IS ON" in text and
				not any(kbm.hex() in text for _, kbm in both))
		return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
			if not c["ok"]]


TESTS = (thr_101_key_log,)
