# SPDX-License-Identifier: ISC
"""lked as a service of a real systemd (container.py): the unit as `make install` leaves it, for one node of the lab."""
import os
import shutil
import signal

from nodes import Daemon, write
from topology import run, wait_for

AWAY = 0.5	# seconds without lked at each restart, as the drop-in below makes them
# What a node of the lab needs besides: its namespace, its own directories, a log to read; Restart as in the unit.
DROP_IN = """[Unit]
ConditionPathExists=
[Service]
NetworkNamespacePath=/run/netns/%(namespace)s
ExecStartPre=
ExecStartPre=/bin/sleep %(away)s
ExecStart=
ExecStart=%(lked)s -c %(conf)s --state /var/lib/%(unit)s --run /run/%(unit)s
StateDirectory=%(unit)s
RuntimeDirectory=%(unit)s
StandardError=append:%(log)s
RestartSec=0
"""


def install(build):
	run(["meson", "install", "--no-rebuild", "--quiet", "-C", build])
	run(["systemd-sysusers"])
	run(["systemd-tmpfiles", "--create"])


class Unit(Daemon):
	def __init__(self, lab, build, name, conf):
		super().__init__(lab, build, name, conf)
		self.unit = "lked-" + name
		self.run_dir = "/run/" + self.unit
		self.conf = write("/etc/lke/%s.conf" % name, conf, 0o644)
		self.where = where = "/run/systemd/system/%s.service" % self.unit
		found = next(d + "/lked.service" for d in ("/usr/local/lib/systemd/system", "/lib/systemd/system") if os.path.exists(d + "/lked.service"))
		os.symlink(found, where)
		os.makedirs(where + ".d")
		write(where + ".d/lab.conf", DROP_IN % {"namespace": self.node.ns, "away": AWAY, "lked": build + "/src/daemon/lked", "conf": self.conf,
			"unit": self.unit, "log": self.log}, 0o644)
		run(["systemctl", "daemon-reload"])

	def property(self, name):
		return run(["systemctl", "show", "-P", name, self.unit]).strip()

	def ready(self):
		return self.property("ActiveState") == "active" and self.show() is not None

	def start(self):
		run(["systemctl", "start", self.unit])
		return self

	def stored(self):
		"""How many descriptors systemd keeps."""
		return int(self.property("NFileDescriptorStore"))

	def pids(self):
		with open("/sys/fs/cgroup" + self.property("ControlGroup") + "/cgroup.procs") as f:
			return [int(line) for line in f]

	def restart(self, how):
		"""systemctl restart, or both processes end by a signal and systemd starts them again."""
		before = self.property("MainPID")
		if how == signal.SIGTERM:
			run(["systemctl", "restart", self.unit])
		else:
			for pid in self.pids():
				os.kill(pid, how)
		wait_for(lambda: self.property("MainPID") not in ("0", before) and self.ready(), 15, "%s to be started again" % self.unit)

	def stop(self):
		"""The exit status of lked."""
		run(["systemctl", "stop", self.unit])
		return int(self.property("ExecMainStatus"))

	def close(self):
		self.stop()
		os.unlink(self.where)
		shutil.rmtree(self.where + ".d")
		shutil.rmtree("/var/lib/" + self.unit)	# the next of that name begins without its bindings
