#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""unit_file.py UNIT: what the service may do is little (systemd-analyze security at most 2.5), and it starts and is watched right."""
import shutil
import subprocess
import sys

THRESHOLD = 25	# tenths
WANTED = ("Type=notify", "WatchdogSec=30", "StateDirectory=lke", "RuntimeDirectoryPreserve=yes", "NoNewPrivileges=yes",
	"RestartPreventExitStatus=2 3 9", "SystemCallFilter=@system-service @mount seccomp bpf",
	"Nice=-10", "ReadWritePaths=-/etc/lke/mobiles", "FileDescriptorStoreMax=72", "Environment=FDSTORE=72")


def main():
	with open(sys.argv[1]) as f:
		lines = f.read().splitlines()
	missing = [w for w in WANTED if w not in lines]
	left = [l for l in lines if "@" in l and not l.startswith(("#", "SystemCallFilter=", "Wants=", "After="))]
	start = [l.split("=", 1)[1] for l in lines if l.startswith("ExecStart=")]
	before = [l.split("=", 1)[1] for l in lines if l.startswith("ExecStartPre=")]
	# The check looks at the configuration that the daemon reads.
	if len(start) != 1 or before != ["-" + start[0].replace(" -c", " --check -c")]:
		missing.append("ExecStartPre= that checks what ExecStart= reads")
	for m in missing + left:
		print("%s: %s" % (sys.argv[1], m))
	if missing or left:
		return 1
	if not shutil.which("systemd-analyze"):
		print("skipped: no systemd-analyze here")
		return 77
	known = subprocess.run(["systemd-analyze", "security", "--help"], capture_output=True, text=True).stdout
	if "--offline" not in known:
		print("skipped: this systemd-analyze has no --offline")
		return 77
	run = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=%d" % THRESHOLD, sys.argv[1]],
		capture_output=True, text=True)
	print((run.stdout + run.stderr).strip().splitlines()[-1])
	return 1 if run.returncode else 0


if __name__ == "__main__":
	sys.exit(main())
