# SPDX-License-Identifier: ISC
"""Lab test: the support bundles of the three roles have none of the secrets of the lab."""
import base64
import io
import os
import re
import subprocess
import tarfile

import packet
from restart_tests import failures
from scenario import Story
from topology import wait_for


def rsa_numbers(path):
	"""The private numbers of a key, as octets."""
	text = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-text"], capture_output=True, text=True, check=True).stdout
	parts = re.findall(r"^(privateExponent|prime1|prime2|exponent1|exponent2|coefficient):((?:\n\s+[0-9a-f:]+)+)", text, re.M)
	return [bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0") for _, digits in parts]


def secrets_of(story):
	"""{name: octets} of everything that must not be seen."""
	known = {}
	for d in (story.fleet.ha, story.fleet.mn, *story.fleet.ar.values()):
		for name in ("stable_secret", "state.key"):
			if os.path.exists(os.path.join(d.state, name)):
				with open(os.path.join(d.state, name), "rb") as f:
					known["%s of %s" % (name, d.name)] = f.read()
	with open(story.fleet.key_file) as f:
		for key, value in re.findall(r"^(\S+-key-to-\S+) = ([0-9a-f]+)$", f.read(), re.M):
			known[key] = bytes.fromhex(value)
	for n, d in story.fleet.ar.items():
		for k, number in enumerate(rsa_numbers(d.rsa)):
			known["RSA number %d of AR%d" % (k, n)] = number
	for coa, list_ in story.keys.kbm.items():
		for k, kbm in enumerate(list_):
			known["Kbm %d of %s" % (k, packet.text(coa))] = kbm
	return known


def forms(octets):
	"""How a secret may be written."""
	digits = octets.hex()
	pairs = [digits[i:i + 2] for i in range(0, len(digits), 2)]
	text = (digits, digits.upper(), ":".join(pairs), ":".join(pairs).upper(), " ".join(pairs))
	return [octets, *(t.encode() for t in text), base64.b64encode(octets).rstrip(b"=")[:-1]]


def contents(d, path):
	"""{file: octets} of the bundle of a daemon."""
	subprocess.run(d.node.argv(d.lke, "--run", d.run_dir, "-c", d.conf, "support-bundle", path, "--state", d.state, "--log", d.log),
		check=True, capture_output=True)
	with open(path, "rb") as f:
		whole = f.read()
	with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
		return {"archive": whole, **{m.name.split("/")[1]: tar.extractfile(m).read() for m in tar.getmembers()}}


def op_support_bundle_has_no_secret(build, directory, printer):
	"""Bundles of a mobile node, an access router and a home agent that hold keys, with debug logs and a key log: no secret in them."""
	with Story(build, directory, printer) as story:
		daemons = (story.fleet.mn, story.fleet.ar[1], story.fleet.ha)
		for d in daemons:
			d.args = ("--debug",)
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.stop_traffic()
		story.step("4  What the bundles have")
		keylog = os.path.join(directory, "kbm")
		ar1 = story.fleet.ar[1]
		subprocess.run(ar1.node.argv(ar1.lke, "--run", ar1.run_dir, "keylog", "on", keylog), check=True, capture_output=True)
		wait_for(lambda: os.path.getsize(keylog) > 0, 3, "the key log")
		known = secrets_of(story)
		with open(keylog, "rb") as f:
			logged = f.read()
		seen = [name for name, s in known.items() if name.startswith("Kbm") and s.hex().encode() in logged]
		story.judge("the search would find a Kbm", bool(seen), str(sorted(known)))
		story.judge("all kinds of secrets are searched for", len({n.split()[0] for n in known}) >= 7, str(sorted(known)))
		for d in daemons:
			got = contents(d, os.path.join(directory, d.name + ".tar"))
			found = ["%s in %s" % (name, f) for f, data in got.items() for name, s in known.items() if any(x in data for x in forms(s))]
			story.judge("%s: none of %d secrets in %d files" % (d.name, len(known), len(got)), not found, "; ".join(found[:4]))
			story.judge("it has the state, the log and the configuration", b"lke.show/1" in got["show.json"] and
				got["lked.log"] and b"[" in got["configuration.txt"], str({n: len(t) for n, t in got.items()}))
		story.stop_daemons()
		return failures(story)


TESTS = (op_support_bundle_has_no_secret,)
