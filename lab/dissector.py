# SPDX-License-Identifier: ISC
"""What packaging/wireshark/lke.lua and `lke decode` make of a capture whose keys are known."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packet	# noqa: E402

LUA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "packaging", "wireshark", "lke.lua")


def write_keylog(path, keys):
	"""The keys that the verifier has learned, in the format of `lke keylog`."""
	fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
	with os.fdopen(fd, "w") as f:
		for coa, ring in keys.kbm.items():
			for kbm in ring:
				f.write("LKE_KBM %s :: %s\n" % (packet.text(coa), kbm.hex()))


def tshark(path, keylog, *args):
	p = subprocess.run(["tshark", "-n", "-r", path, "-X", "lua_script:" + LUA, "-o", "lke.keylog_file:" + keylog, *args],
		capture_output=True, text=True)
	return p.stdout.splitlines(), p.returncode


def by_tshark(path, keylog):
	"""({frame number: verdict} of every MAC, frames that are malformed)

	Wireshark's own dissector takes the LKE Capability for a Shortcut Limit (RFC 2491) with unknown data.
	"""
	macs, status = tshark(path, keylog, "-Y", "lke.mac", "-T", "fields", "-e", "frame.number", "-e", "lke.mac")
	bad, other = tshark(path, keylog, "-Y", "lke.expert.malformed || (_ws.malformed && !(lke.message == \"LKE Capability\"))", "-T", "fields", "-e", "frame.number")
	if status or other:
		return {}, ["tshark ended with %d, %d" % (status, other)]
	return dict(line.split("\t") for line in macs), bad


def by_lke(program, path, keylog):
	"""{frame number: verdict} of every MAC, in tshark's words."""
	p = subprocess.run([program, "decode", path, "-j", "--keylog", keylog], capture_output=True, text=True, check=True)
	words = {"accepted": "verified", "bad_mac": "bad", "kex_mac": "bad", "dad_mac": "bad", "kex_proof": "bad"}
	found = {}
	for line in p.stdout.splitlines():
		j = json.loads(line)
		if j["verdict"] in words and "tunnel" not in j:
			found[str(j["frame"])] = words[j["verdict"]]
	return found


def judge(story, path, keylog, keys, program):
	write_keylog(keylog, keys)
	macs, malformed = by_tshark(path, keylog)
	wrong = [n for n, v in macs.items() if v != "verified"]
	story.judge("the Wireshark dissector verifies every MAC of the capture", macs and not wrong,
		"frames " + ", ".join(wrong[:5]) if wrong else "%d MACs" % len(macs))
	story.judge("and finds nothing malformed", not malformed, "frames " + ", ".join(malformed[:5]) if malformed else "")
	other = by_lke(program, path, keylog)
	story.judge("`lke decode` says the same of each", macs == other,
		"" if macs == other else "%d of tshark, %d of lke" % (len(macs), len(other)))
