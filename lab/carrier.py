# SPDX-License-Identifier: ISC
"""When the mobile node's interface had its carrier, by the kernel's own time stamps.

The lab raises a port of its switch by a netlink call.  In it the kernel makes the port ready, turns the carrier of both
ends of the veth on, and queues the work that tells of it; what it does before is the lab's time, not the mobile node's,
to which the carrier comes from outside.  The tracepoint workqueue:workqueue_queue_work stands at that queueing.
"""
import os
import re
import secrets
import time

TRACING = "/sys/kernel/tracing"
EVENT = "events/workqueue/workqueue_queue_work"
LINE = re.compile(r" ([\d.]+): workqueue_queue_work: .*function=linkwatch_event ")


class Carrier:
	"""with Carrier() as c: c.times() are those of carriers that this process turned on; [] without tracefs."""

	def __init__(self):
		self.dir = "%s/instances/lke-%s" % (TRACING, secrets.token_hex(4))

	def _write(self, name, text):
		with open(os.path.join(self.dir, name), "w") as f:
			f.write(text)

	def __enter__(self):
		try:
			os.mkdir(self.dir)
			self._write("trace_clock", "mono")
			self._write(EVENT + "/filter", "common_pid == %d" % os.getpid())
			self._write(EVENT + "/enable", "1")
		except OSError:
			self.__exit__()
		return self

	def __exit__(self, *exc):
		if self.dir and os.path.isdir(self.dir):
			os.rmdir(self.dir)
		self.dir = None

	def times(self):
		"""Seconds since the epoch, in order; what was read is gone."""
		if not self.dir:
			return []
		with open(os.path.join(self.dir, "trace")) as f:
			found = [float(m.group(1)) for m in map(LINE.search, f) if m]
		self._write("trace", "")
		offset = time.time() - time.monotonic()
		return [at + offset for at in found]
