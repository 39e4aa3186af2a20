#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""container.py: a real systemd on this machine's own kernel, in namespaces of its own; it runs a command as a service.

What kernel.py --systemd does with Debian's kernel, at full speed and with all that this kernel has.  The files are those of
this machine below a layer in memory, so nothing that is written stays; the network is another one, and of the kernel's
settings only those of that network can be changed.
"""
import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kernel import CONTROL, ROOT	# noqa: E402
from topology import dies_with_us, wait_for	# noqa: E402

SYSTEMD = "/lib/systemd/systemd"
BOOT = 30	# seconds at most until the command begins; it takes one
TOOLS = ("unshare", "setpriv", "pivot_root", "mount")
# The first process of the namespaces, before it becomes systemd.
INIT = """trap 'echo "guest: cannot be set up"' EXIT
set -e
new=@DIR@/new
layered() {
	mkdir -p @DIR@/layer/$2/d @DIR@/layer/$2/w $new$1
	mount -t overlay -o lowerdir=$1,upperdir=@DIR@/layer/$2/d,workdir=@DIR@/layer/$2/w none $new$1
}
mount --make-rprivate /
mkdir -p @DIR@/layer @DIR@/net $new
mount -t tmpfs -o mode=755 none @DIR@/layer
layered / root
mount -t proc proc $new/proc
mount --bind $new/proc/sys/net @DIR@/net
mount --bind $new/proc/sys $new/proc/sys
mount -o remount,bind,ro $new/proc/sys
mount --bind @DIR@/net $new/proc/sys/net
mount -t sysfs -o ro sys $new/sys
mount -t cgroup2 none $new/sys/fs/cgroup
mount -t tmpfs -o mode=755 none $new/dev
for d in null zero full random urandom tty; do
	: > $new/dev/$d
	mount --bind /dev/$d $new/dev/$d
done
: > $new/dev/console
mount --bind @CONSOLE@ $new/dev/console
mkdir $new/dev/net $new/dev/shm $new/dev/pts
mknod -m 666 $new/dev/net/tun c 10 200
mount -t devpts -o newinstance,ptmxmode=666 pts $new/dev/pts
ln -s pts/ptmx $new/dev/ptmx
ln -s /proc/self/fd $new/dev/fd
mount -t tmpfs none $new/dev/shm
mount -t tmpfs -o mode=755 none $new/run
mount -t tmpfs -o mode=1777 none $new/tmp
layered @ROOT@ project
mkdir -p $new/run/systemd/system
cp @DIR@/guest $new/run/guest
cp @DIR@/guest.service $new/run/systemd/system/
cd $new
mkdir -p run/old
pivot_root . run/old
umount -l run/old
exec setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-syslog env -i container=lke \\
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin @SYSTEMD@ --unit=guest.service --show-status=0 --log-level=err
"""
GUEST = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LKE_LAB_SLOW=@SLOW@ LKE_LAB_SYSTEMD=1
echo "guest: begins"
ip link set lo up
cd @ROOT@
(@COMMAND@)
echo "guest: exit status $?"
"""
UNIT = """[Unit]
Requires=basic.target
After=basic.target
[Service]
Type=exec
ExecStart=/bin/sh -c 'exec /bin/sh /run/guest >/dev/console 2>&1'
TimeoutStartSec=infinity
"""


def cannot(why):
	print("container: " + why, flush=True)
	sys.exit(77)


def own_cgroup():
	"""Where this process's cgroup of version 2 is in the file system."""
	with open("/proc/self/mounts") as f:
		mounts = [line.split()[1] for line in f if line.split()[2] == "cgroup2"]
	with open("/proc/self/cgroup") as f:
		path = [line.strip().split("::", 1)[1] for line in f if line.startswith("0::")]
	return mounts[0] + path[0] if mounts and path else None


class Cgroup:
	"""One for the container, below that of this process; with it go those that systemd made in it."""

	def __enter__(self):
		above = own_cgroup()
		if not above:
			cannot("this machine has no cgroups of version 2")
		self.path = os.path.join(above, "lke-container-%d" % os.getpid())
		try:
			os.mkdir(self.path)
		except OSError as e:
			cannot("no cgroup for it: %s" % e)
		return self.path

	def __exit__(self, *exc):
		wait_for(self.empty, 10, "the end of the container's processes")
		for path, _, _ in os.walk(self.path, topdown=False):
			os.rmdir(path)

	def empty(self):
		with open(self.path + "/cgroup.events") as f:
			return "populated 0" in f.read()


def obstacle():
	"""Why this cannot run here, or None."""
	if os.geteuid():
		return "needs root"
	if not os.path.exists(SYSTEMD):
		return "lacks systemd"
	return next(("lacks " + t for t in TOOLS if not shutil.which(t)), None)


def prepare(where, console, command, slow):
	values = {"@DIR@": where, "@CONSOLE@": console, "@ROOT@": shlex.quote(ROOT), "@SYSTEMD@": SYSTEMD, "@SLOW@": slow, "@COMMAND@": command}
	for name, text in (("init", INIT), ("guest", GUEST), ("guest.service", UNIT)):
		for key, value in values.items():
			text = text.replace(key, value)
		with open(os.path.join(where, name), "w") as f:
			f.write(text)


def lines_of(console):
	"""Of the terminal, until its last process has closed it."""
	with open(console, "rb") as f:
		while True:
			try:
				line = f.readline()
			except OSError:		# EIO: nobody has it open
				return
			if not line:
				return
			yield CONTROL.sub("", line.decode(errors="replace")).rstrip("\r\n")


def run(where, command, slow, seconds, cgroup):
	"""Runs it and shows its console; the exit status of the command."""
	ours, theirs = os.openpty()
	prepare(where, os.ttyname(theirs), command, slow)

	def enter():
		dies_with_us()
		with open(cgroup + "/cgroup.procs", "w") as f:
			f.write("0")
	p = subprocess.Popen(["unshare", "--fork", "--kill-child", "--pid", "--mount", "--cgroup", "--uts", "--ipc", "--net", "sh", where + "/init"],
		stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, preexec_fn=enter)
	os.close(theirs)
	timer = threading.Timer(seconds, p.kill)
	timer.start()
	try:
		return follow(lines_of(ours), p)
	finally:
		timer.cancel()
		p.kill()
		p.wait()


def follow(lines, process):
	"""Shows what the guest says; the exit status of its command, 77 if it never came to that."""
	late = threading.Timer(BOOT, process.kill)
	late.start()
	begun = False
	for line in lines:
		if line.startswith("guest: exit status "):
			return int(line.rsplit(" ", 1)[1])
		if line == "guest: begins":
			begun = True
			late.cancel()
		elif line:
			print(line, flush=True)
	late.cancel()
	print("container: %s" % ("it ended without a result" if begun else "no systemd comes up here"), flush=True)
	return 1 if begun else 77


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--seconds", type=int, default=500)
	ap.add_argument("--slow", default=os.environ.get("LKE_LAB_SLOW", "1"), help="factor for the deadlines of the lab")
	ap.add_argument("command", help="what it runs, a line of shell")
	a = ap.parse_args()
	why = obstacle()
	if why:
		cannot(why)
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))	# nothing is left then, either
	with Cgroup() as cgroup, tempfile.TemporaryDirectory(prefix="lke-container-") as d:
		return run(d, a.command, a.slow, a.seconds, cgroup)


if __name__ == "__main__":
	sys.exit(main())
