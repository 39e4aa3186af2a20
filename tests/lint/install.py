#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""install.py BUILD: `make install DESTDIR=` puts everything where a package wants it, and nothing elsewhere."""
import os
import subprocess
import sys
import tempfile

FILES = ("sbin/lked", "bin/lke", "bin/lkesim", "lib/systemd/system/lked.service", "lib/systemd/system/lke-dns.service", "lib/systemd/system/lke-serve.service",
	"lib/systemd/system/lke-roam.service", "libexec/lke/lke-roam",
	"lib/sysusers.d/lke.conf", "lib/tmpfiles.d/lke.conf", "share/bash-completion/completions/lke", "libexec/lke/lke-dns",
	"share/man/man1/lke.1", "share/man/man1/lkesim.1", "share/man/man8/lked.8", "share/man/man5/lke.conf.5", "share/man/man7/lke-troubleshooting.7", "include/lke/engine.h",
	"share/lke/wireshark/lke.lua", "share/lke/schema", "share/lke/grafana/lke.json")


def main():
	with tempfile.TemporaryDirectory(prefix="lke-install-") as d:
		run = subprocess.run(["meson", "install", "--no-rebuild", "-C", sys.argv[1], "--destdir", d], stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT, text=True)
		if run.returncode:
			print(run.stdout)
			return 1
		found = [os.path.relpath(os.path.join(w, n), d) for w, _, names in os.walk(d) for n in names]
		prefix = next((f[:-len("sbin/lked")] for f in found if f.endswith("sbin/lked")), None)
		if prefix is None:
			print("no sbin/lked among: " + " ".join(found))
			return 1
		bad = ["missing: " + f for f in FILES if not os.path.exists(os.path.join(d, prefix, f))]
		bad += ["elsewhere: " + f for f in found if not f.startswith(prefix)]
		bad += ["no pkg-config file"] * (not any(f.endswith("pkgconfig/lke.pc") for f in found))
		with open(os.path.join(d, prefix, "lib/systemd/system/lked.service")) as f:
			bad += ["the unit does not start /" + prefix + "sbin/lked"] * ("ExecStart=/%ssbin/lked -c" % prefix not in f.read())
		with open(os.path.join(d, prefix, "lib/tmpfiles.d/lke.conf")) as f:
			made = [line.split()[1] for line in f]
			bad += ["nobody makes " + m for m in ("/etc/lke", "/etc/lke/mobiles", "/var/lib/lke", "/run/lke") if m not in made]
	for b in bad:
		print(b)
	print("%d files" % len(found))
	return 1 if bad else 0


if __name__ == "__main__":
	sys.exit(main())
