#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""verify_capture.py CAPTURE --rsa FILE... --esp FILE...: recomputes every checksum and every MAC of a capture.

Standard library only.  The test-only route to the keys: the RSA private keys of the lab's access routers open the
Key Exchange Requests, the key files of the home registration open ESP.  Exit status 0 when all agree.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import capture	# noqa: E402
import packet	# noqa: E402


def verify(path, keys):
	"""(counts by check name, [problem], messages)"""
	messages = capture.signalling(path, keys)
	counts, problems = {}, []
	for m in messages:
		if m.error:
			problems.append("%.6f %s %s > %s: %s" % (m.ts, m.kind, packet.text(m.src), packet.text(m.dst), m.error))
		for name, good in m.checks:
			what = "%s %s" % (m.kind, name)
			counts[what] = counts.get(what, 0) + 1
			if not good:
				problems.append("%.6f %s %s > %s: %s is wrong" % (m.ts, m.kind, packet.text(m.src),
					packet.text(m.dst), name))
		if not m.esp and m.kind in ("KEAck",) and "hmac" not in m.f:
			problems.append("%.6f %s without a MAC" % (m.ts, m.kind))
	return counts, problems, messages


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("capture")
	ap.add_argument("--rsa", nargs="*", default=[], metavar="PEM")
	ap.add_argument("--esp", nargs="*", default=[], metavar="KEYFILE")
	a = ap.parse_args()
	keys = packet.Keys()
	for f in a.rsa:
		keys.add_rsa(f, f)
	for f in a.esp:
		keys.add_esp(f)
	counts, problems, messages = verify(a.capture, keys)
	for name in sorted(counts):
		print("%6d  %s" % (counts[name], name))
	for p in problems:
		print("WRONG  " + p)
	print("%d messages, %d checks, %d wrong" % (len(messages), sum(counts.values()), len(problems)))
	return 1 if problems or not counts else 0


if __name__ == "__main__":
	sys.exit(main())
