#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""kernel.py: the lab on Debian's stock kernel, in qemu without a hypervisor (about ten times slower: function only).

The guest sees this machine's file system by 9p, read-only, below a layer in memory: nothing it writes stays.
"""
import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from topology import dies_with_us	# noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What the initramfs loads to reach its root; everything else the kernel loads by itself from there.
CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[A-Za-z])")	# what firmware and systemd say to a terminal
NEEDED = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /low /up /new
$b mount -t proc proc /proc
while read m; do $b insmod /modules/$m || echo "no module $m"; done < /modules/order
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 root /low || exit 1
$b mount -t tmpfs -o size=75% none /up
$b mkdir -p /up/d /up/w
$b mount -t overlay -o lowerdir=/low,upperdir=/up/d,workdir=/up/w none /new || exit 1
for d in proc sys dev run tmp; do $b mkdir -p /new/$d; done
$b mount -t proc proc /new/proc
$b mount -t sysfs sys /new/sys
$b mount -t devtmpfs dev /new/dev
$b mkdir -p /new/dev/pts
$b mount -t devpts pts /new/dev/pts
$b mount -t tmpfs none /new/run
$b mkdir -p /new/lib/modules/RELEASE
$b mount -o bind /new@MODULES@ /new/lib/modules/RELEASE
$b cat > /new/run/guest <<'END'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LKE_LAB_SLOW=@SLOW@ LKE_LAB_GUEST=1
@PREPARE@
cd @ROOT@
@COMMAND@
echo "guest: exit status $?"
sync
echo o > /proc/sysrq-trigger
while :; do :; done
END
$b umount /proc
exec $b switch_root /new @START@
"""
# Without a service manager; the device of the module is what systemd would make.
BARE = {"@PREPARE@": "ip link set lo up\nmodprobe tun", "@START@": "/bin/sh /run/guest"}
# The command is a service of systemd's, which it starts behind its own.  What is in /tmp of this machine stays: to remove
# it from the layer would take minutes.  There is no udev, which opens the TUN device to everybody.
MANAGED = {"@PREPARE@": "kill -s 55 1	# SIGRTMIN+21: no messages about each unit", "@START@": "/lib/systemd/systemd --unit=guest.service"}
UNIT = """$b mkdir -p /new/run/systemd/system /new/etc/tmpfiles.d
$b ln -s /dev/null /new/etc/tmpfiles.d/tmp.conf
echo 'z /dev/net/tun 0666' | $b tee /new/etc/tmpfiles.d/as-udev-does.conf >/dev/null
$b cat > /new/run/systemd/system/guest.service <<'END'
[Unit]
Requires=basic.target
After=basic.target
[Service]
Type=exec
ExecStart=/bin/sh -c 'exec /bin/sh /run/guest >/dev/console 2>&1'
TimeoutStartSec=infinity
END
"""


def obstacle():
	"""Why this cannot run here, or None."""
	if os.geteuid():
		return "needs root, to read every file for the guest"
	for tool in ("qemu-system-x86_64", "busybox", "cpio", "depmod", "apt-get", "dpkg"):
		if not shutil.which(tool):
			return "lacks " + tool
	return None


def cannot(why):
	print("kernel: " + why, flush=True)
	sys.exit(77)


def newest_image():
	out = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True).stdout
	names = [l.split()[1] for l in out.splitlines() if l.strip().startswith("Depends: linux-image-")]
	if not names:
		cannot("apt knows no linux-image-amd64; run apt-get update")
	return names[0]


def fetch(cache):
	"""The kernel and its modules below `cache`; (release, kernel image, directory of the modules)."""
	release = newest_image().removeprefix("linux-image-")
	base = os.path.join(cache, release)
	modules = base + "/lib/modules/" + release
	if not os.path.exists(modules + "/modules.dep"):
		shutil.rmtree(base, ignore_errors=True)
		os.makedirs(base)
		got = subprocess.run(["apt-get", "download", "-q", "linux-image-" + release], cwd=base, capture_output=True, text=True)
		if got.returncode:
			cannot("apt-get cannot download the kernel: " + (got.stderr.strip().splitlines() or ["no reason given"])[-1])
		for deb in glob.glob(base + "/*.deb"):
			subprocess.run(["dpkg", "-x", deb, base], check=True)
			os.unlink(deb)
		subprocess.run(["depmod", "-b", base, release], check=True)
	return release, base + "/boot/vmlinuz-" + release, modules


def load_order(base, release, needed=NEEDED):
	"""Files of the modules an initramfs needs, in the order to load them."""
	order = []
	for name in needed:
		out = subprocess.run(["modprobe", "-d", base, "-S", release, "--show-depends", name], capture_output=True,
			text=True, check=True).stdout
		order += [l.split()[1] for l in out.splitlines() if l.startswith("insmod") and l.split()[1] not in order]
	return order


def init_script(release, modules, command, slow, systemd):
	text = INIT.replace("$b umount /proc\n", UNIT + "$b umount /proc\n") if systemd else INIT
	for key, value in (("RELEASE", release), ("@MODULES@", modules), ("@ROOT@", shlex.quote(ROOT)), ("@SLOW@", str(slow)),
			*(MANAGED if systemd else BARE).items(), ("@COMMAND@", command)):
		text = text.replace(key, value)
	return text


def initramfs(where, release, modules, script):
	root = where + "/initramfs"
	os.makedirs(root + "/bin")
	os.makedirs(root + "/modules")
	shutil.copy(shutil.which("busybox"), root + "/bin/busybox")
	base = modules[:-len("/lib/modules/" + release)]
	with open(root + "/modules/order", "w") as f:
		for path in load_order(base, release):
			shutil.copy(path, root + "/modules")
			f.write(os.path.basename(path) + "\n")
	with open(root + "/init", "w") as f:
		f.write(script)
	os.chmod(root + "/init", 0o755)
	image = where + "/initramfs.cpio"
	subprocess.run("find . | cpio -o -H newc --quiet > " + shlex.quote(image), shell=True, cwd=root, check=True)
	return image


def boot(kernel, image, seconds):
	"""Runs the guest and shows its console; the exit status of its command."""
	argv = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072", "-nographic",
		"-no-reboot", "-nic", "none", "-kernel", kernel, "-initrd", image,
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off",
		"-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"]
	p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
		errors="replace", preexec_fn=dies_with_us)
	status = None
	timer = threading.Timer(seconds, p.kill)
	timer.start()
	try:
		for line in p.stdout:
			line = CONTROL.sub("", line).rstrip("\r\n")
			if line.startswith("guest: exit status "):
				status = int(line.rsplit(" ", 1)[1])
			elif line:
				print(line, flush=True)
	finally:
		timer.cancel()
		p.kill()
		p.wait()
	if status is None:
		print("kernel: the guest ended without a result, or was ended after %d s" % seconds)
	return 1 if status is None else status


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--cache", default=ROOT + "/out/kernel", help="where the kernel is kept")
	ap.add_argument("--seconds", type=int, default=1500)
	ap.add_argument("--slow", type=int, default=10, help="factor for the deadlines of the lab")
	ap.add_argument("--systemd", action="store_true", help="boot with systemd, which runs the command as a service")
	ap.add_argument("command", help="what the guest runs, a line of shell")
	a = ap.parse_args()
	why = obstacle()
	if why:
		cannot(why)
	release, kernel, modules = fetch(os.path.abspath(a.cache))
	print("kernel: Debian's %s in qemu" % release, flush=True)
	with tempfile.TemporaryDirectory(prefix="lke-kernel-") as d:
		script = init_script(release, modules, a.command, a.slow, a.systemd)
		return boot(kernel, initramfs(d, release, modules, script), a.seconds)


if __name__ == "__main__":
	sys.exit(main())
