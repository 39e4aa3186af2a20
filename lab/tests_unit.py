# SPDX-License-Identifier: ISC
"""lked as a service of a real systemd on this machine's kernel, in a container (container.py)."""
import os
import subprocess

import unit
from tests_keep import MN_AWAY, Kept, every_way
from topology import CannotRun, dies_with_us, wait_for

IN_CONTAINER = "LKE_LAB_SYSTEMD" in os.environ


class KeptUnit(Kept):
	"""The access router is a service, and systemd keeps its descriptors."""

	def take(self, daemon, conf):
		daemon.stop()
		unit.install(self.build)
		self.agent = self.ar[1] = unit.Unit(self.lab, self.build, self.name, conf).start()

	def kept_twice(self):
		"""As many as a first lked stores."""
		return [] if self.agent.stored() == self.first else ["systemd kept %d descriptors, now %d" % (self.first, self.agent.stored())]

	def away(self):
		address = super().away()
		self.first = self.agent.stored()
		return address


def in_container(command):
	"""What failed of a line of shell there."""
	run = subprocess.run([os.path.join(os.path.dirname(__file__), "container.py"), command], text=True, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT, preexec_fn=dies_with_us)
	if run.returncode == 77:
		raise CannotRun(run.stdout.strip().rsplit("\n", 1)[-1] or "no reason given")
	return run.stdout.splitlines() + ["exit status %d" % run.returncode] if run.returncode else []


def service_of_systemd(build, directory, printer):
	"""Installed, started, confined, reloaded, killed, stopped: the whole life of the service (service.py)."""
	return in_container("lab/service.py --build %s" % build)


def tunnels_go_on_while_systemd_restarts_lked(build, directory, printer):
	"""By systemctl restart and by kill -9 not one datagram is lost; after systemctl stop nothing is left."""
	if not IN_CONTAINER:
		return in_container("lab/lab.py --build %s --verbose --test tunnels_go_on_while_systemd_restarts_lked" % build)
	bad = every_way(build, directory, printer, KeptUnit)
	with KeptUnit(build, os.path.join(directory, "stop"), MN_AWAY) as w:
		w.away()
		if w.agent.stop():
			bad.append("systemctl stop: " + w.agent.tail())
		wait_for(lambda: not w.device(), 5, "the device to go with its descriptor")
		w.stop_probes()
	return bad


TESTS = {f.__name__: f for f in (service_of_systemd, tunnels_go_on_while_systemd_restarts_lked)}
