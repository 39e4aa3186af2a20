# SPDX-License-Identifier: ISC
"""A service manager as small as can be: it keeps the descriptors of one lked while that restarts, as systemd does.

sd_notify(3): FDSTORE, FDNAME, FDSTOREREMOVE; sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES.
"""
import array
import fcntl
import os
import signal
import socket
import threading
import time

from nodes import Daemon
from topology import wait_for

HIGH = 300	# descriptors here, so that those of the child are free


class Managed(Daemon):
	"""An lked under such a manager.  `store` is what is kept: [(name, descriptor)]."""

	def __init__(self, lab, build, name, conf, **kw):
		super().__init__(lab, build, name, conf, **kw)
		self.store, self.lock = [], threading.Lock()
		self.address = self.run_dir + "/notify"
		self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		self.socket.bind(self.address)
		self.socket.settimeout(0.2)
		self.open = True
		self.thread = threading.Thread(target=self._listen, daemon=True)
		self.thread.start()

	def _listen(self):
		while self.open:
			try:
				text, aux, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
			except OSError:
				continue
			fds = array.array("i")
			for level, kind, data in aux:
				if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
					fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
			self.take(dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line), list(fds))

	def take(self, said, fds):
		"""What a message says, with its descriptors, which are closed here."""
		name = said.get("FDNAME", "stored")
		with self.lock:
			if said.get("FDSTORE") == "1":
				for fd in fds:
					self.store.append((name, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)))
			elif said.get("FDSTOREREMOVE") == "1":
				for n, fd in self.store:
					if n == name:
						os.close(fd)
				self.store = [x for x in self.store if x[0] != name]
		for fd in fds:
			os.close(fd)

	def names(self):
		with self.lock:
			return [n for n, _ in self.store]

	def stored(self):
		return len(self.names())

	def start(self, wait=True):
		with self.lock:
			kept = list(self.store)
		opened = " ".join("%d<&%d %d<&-" % (3 + i, fd, fd) for i, (_, fd) in enumerate(kept))
		script = "%s\nexport LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s NOTIFY_SOCKET=%s FDSTORE=128\nexec \"$@\"" % (
			"exec " + opened if kept else ":", len(kept), ":".join(n for n, _ in kept), self.address)
		self.process = self.node.popen(["bash", "-c", script, "lked", self.lked, "-c", self.conf, "--state", self.state, "--run",
			self.run_dir, *self.args], open(self.log, "a"), pass_fds=[fd for _, fd in kept])
		if wait:
			wait_for(self.ready, 15, "lked of %s to answer on its control socket" % self.name, 0.02)
		return self

	def end(self, how):
		"""By SIGTERM, or both processes by SIGKILL; the store stays."""
		if how == signal.SIGTERM:
			return self.lab.stop(self.process)
		for pid in self.pids():
			os.kill(pid, how)
		self.process.wait(5)
		self.lab.processes.remove(self.process)
		wait_for(lambda: "table ip6 lke" not in self.node.run("nft", "list", "ruleset", check=False), 3,
			"the nft table of %s to go with its process" % self.name)
		return 0

	def restart(self, how, away=0.5):
		"""With so many seconds without lked."""
		self.end(how)
		time.sleep(away)
		self.start()

	def forget(self):
		"""The service is stopped: nothing is kept any more."""
		with self.lock:
			for _, fd in self.store:
				os.close(fd)
			self.store = []

	def close(self):
		self.open = False
		self.thread.join(2)
		self.socket.close()
		self.forget()
