# SPDX-License-Identifier: ISC
"""A machine that can sleep: Debian's stock kernel in qemu, whole in its initramfs (a root on 9p does not come back from S3).

In it are busybox, lked, lke and their libraries.  It has one network port, a tap in a namespace of the lab, and a shell on a
serial line; QMP says when it sleeps and wakes it.
"""
import json
import os
import re
import shlex
import shutil
import socket
import subprocess

import kernel
from topology import LabError, dies_with_us, wait_for

NEEDED = ("virtio_pci", "virtio_net", "tun", "nf_tables")
ANSWER = re.compile(r"^@@ (\d+)\n", re.M)
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /run /tmp /var/lib/lke
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read m; do insmod /modules/$m || echo "no module $m"; done < /modules/order
ip link set lo up
echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra
ip link set eth0 up
exec < /dev/ttyS1 > /dev/ttyS1 2>&1
stty raw -echo
while read -r line; do
	out=$(eval "$line" 2>&1)
	echo "$?" > /run/status
	printf '%s\\n@@ %s\\n' "$out" "$(cat /run/status)"
done
"""


def libraries(*programs):
	"""What the programs load, and who loads it."""
	out = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
	return sorted(set(re.findall(r"(/\S+) \(0x", out)))


def initramfs(where, base, release, programs, files):
	"""Programs go to /bin; files: {path: text}."""
	root = where + "/root"
	for d in ("bin", "modules", "etc"):
		os.makedirs(os.path.join(root, d))
	for path in (shutil.which("busybox"), *programs):
		shutil.copy(path, root + "/bin")
	for path in libraries(*programs):
		os.makedirs(root + os.path.dirname(path), exist_ok=True)
		shutil.copy(path, root + path)
	order = kernel.load_order(base, release, NEEDED)
	for path in order:
		shutil.copy(path, root + "/modules")
	files = {**files, "init": INIT, "modules/order": "".join(os.path.basename(p) + "\n" for p in order),
		"etc/passwd": "root:x:0:0::/:/bin/sh\nlke:x:990:990::/:/bin/false\n", "etc/group": "root:x:0:\nlke:x:990:\n"}
	for path, text in files.items():
		with open(os.path.join(root, path), "w") as f:
			f.write(text)
	os.chmod(root + "/init", 0o755)
	image = where + "/initramfs.cpio"
	subprocess.run("find . | cpio -o -H newc --quiet > " + shlex.quote(image), shell=True, cwd=root, check=True)
	return image


class Line:
	"""A Unix socket of qemu's, read as text."""

	def __init__(self, path):
		wait_for(lambda: os.path.exists(path), 10, "qemu's socket " + path)
		self.s = socket.socket(socket.AF_UNIX)
		self.s.connect(path)
		self.text = ""

	def send(self, text):
		self.s.sendall(text.encode())

	def until(self, pattern, seconds, what):
		"""Reads until there is the pattern; its match.  What stood before it is forgotten with it."""
		self.s.settimeout(0.2)

		def found():
			try:
				more = self.s.recv(65536)
			except socket.timeout:
				more = None
			if more == b"":
				raise LabError("the guest ended while waiting for " + what)
			self.text += (more or b"").decode(errors="replace").replace("\r", "")
			return pattern.search(self.text)
		m = pattern.search(self.text) or wait_for(found, seconds, what, 0)
		self.before, self.text = self.text[:m.start()], self.text[m.end():]
		return m


class Sleeper:
	"""The guest.  Ended by the lab, as its other processes are."""

	def __init__(self, lab, build, node, tap, mac, files):
		release, image, modules = kernel.fetch(os.path.abspath(kernel.ROOT + "/out/kernel"))
		where = os.path.join(lab.dir, "guest")
		os.makedirs(where)
		base = modules[:-len("/lib/modules/" + release)]
		initrd = initramfs(where, base, release, (build + "/src/daemon/lked", build + "/src/ctl/lke"), files)
		self.console = where + "/console.log"
		self.process = node.popen(["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none",
			"-no-reboot", "-kernel", image, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
			"-serial", "file:" + self.console, "-serial", "unix:%s/line,server=on,wait=off" % where,
			"-qmp", "unix:%s/qmp,server=on,wait=off" % where,
			"-netdev", "tap,id=n0,ifname=%s,script=no,downscript=no" % tap, "-device", "virtio-net-pci,netdev=n0,romfile=,mac=" + mac],
			open(where + "/qemu.log", "w"), preexec_fn=dies_with_us)
		self.qmp, self.line = Line(where + "/qmp"), Line(where + "/line")
		self._qmp("qmp_capabilities")
		self.line.send("true\n")
		self.line.until(ANSWER, 60, "the guest's shell")

	def _qmp(self, command):
		self.qmp.send(json.dumps({"execute": command}) + "\n")
		self.qmp.until(re.compile(r'^\{"return".*\n', re.M), 10, "qemu's answer to " + command)

	def run(self, command, seconds=30, check=True):
		"""Output of a line of shell there."""
		self.line.send(command + "\n")
		return self._answer(command, seconds, check)

	def _answer(self, command, seconds, check=True):
		status = int(self.line.until(ANSWER, seconds, "the end of " + command).group(1))
		if check and status:
			raise LabError("in the guest: %s: status %d: %s" % (command, status, self.line.before.strip()[-400:]))
		return self.line.before.strip()

	def sleeps(self):
		"""Suspends it to memory (S3), and waits until it is."""
		self.line.send("echo mem > /sys/power/state\n")
		self.qmp.until(re.compile('"event": "SUSPEND"'), 30, "the guest to sleep")

	def wakes(self):
		self._qmp("system_wakeup")
		self._answer("the sleep", 30)
