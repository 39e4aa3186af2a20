# SPDX-License-Identifier: ISC
"""Headless Chromium by its debugging pipe: opens one page, answers questions about it, takes its picture."""
import base64
import json
import os
import subprocess
import tempfile

from topology import dies_with_us


class Browser:
	"""with Browser(namespace, url) as page: page.value("document.title")"""

	def __init__(self, namespace, url, size=(1100, 900)):
		self.ns, self.url, self.size, self.id, self.session = namespace, url, size, 0, None
		self.home = tempfile.TemporaryDirectory(prefix="lke-chromium-", ignore_cleanup_errors=True)

	def __enter__(self):
		read, self.out = os.pipe()
		self.answers, write = os.pipe()

		def descriptors():
			dies_with_us()
			# Both ends away from 3 and 4 first: one could be the other's place.
			a, b = os.dup(read), os.dup(write)
			os.dup2(a, 3)
			os.dup2(b, 4)
		self.process = subprocess.Popen(["ip", "netns", "exec", self.ns, "chromium", "--headless", "--no-sandbox",
			"--disable-gpu", "--hide-scrollbars", "--no-first-run", "--user-data-dir=" + self.home.name,
			"--window-size=%d,%d" % self.size, "--remote-debugging-pipe"], stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, preexec_fn=descriptors, close_fds=False)
		os.close(read)
		os.close(write)
		self.input = os.fdopen(self.answers, "rb")
		target = self.ask("Target.createTarget", url=self.url)["targetId"]
		self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
		return self

	def __exit__(self, *exc):
		self.process.terminate()
		self.process.wait(10)
		os.close(self.out)
		self.input.close()
		self.home.cleanup()

	def _message(self):
		text = bytearray()
		while True:
			octet = self.input.read(1)
			if not octet:
				raise OSError("chromium has ended")
			if octet == b"\0":
				return json.loads(text)
			text += octet

	def ask(self, method, **params):
		self.id += 1
		message = {"id": self.id, "method": method, "params": params}
		if self.session:
			message["sessionId"] = self.session
		os.write(self.out, json.dumps(message).encode() + b"\0")
		while True:
			m = self._message()
			if m.get("id") == self.id:
				return m["result"]

	def value(self, expression):
		return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

	def picture(self, path):
		with open(path, "wb") as f:
			f.write(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))
