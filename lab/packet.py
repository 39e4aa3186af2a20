# SPDX-License-Identifier: ISC
"""Decodes Ethernet frames into Message objects: neighbour discovery, Mobile IPv6, LKE, ESP, tunnels, probes.

A parser of the lab's own (struct only), fast enough for captures of some hundred thousand packets.
"""
import ipaddress
import struct

import oracle

PROBE_MAGIC = 0x4c4b4550524f4245
NAMES = {5: "BU", 6: "BA", 7: "BE", 0: "BRR", 8: "KEReq", 9: "KEAck", 10: "Finished"}
ERRORS = ("Unreachable", "TooBig", "TimeExceeded", "ParamProblem")


def text(addr):
	return str(ipaddress.IPv6Address(addr))


def octets(addr):
	return ipaddress.IPv6Address(addr).packed


class Message:
	"""One decoded packet.  `kind` is None for what the lab does not look into."""
	__slots__ = ("ts", "port", "eth_src", "eth_dst", "src", "dst", "hl", "kind", "hao", "rh2", "outer", "esp",
		"raw", "mh", "data", "f", "checks", "error", "wire_len", "seen")

	def __init__(self, ts, port, eth_dst, eth_src):
		self.ts, self.port, self.eth_src, self.eth_dst = ts, port, eth_src, eth_dst
		self.kind = self.hao = self.rh2 = self.esp = self.raw = self.mh = self.data = self.error = None
		self.outer, self.f, self.checks, self.seen = [], {}, [], []

	def verdict(self):
		"""'' when nothing was to be verified, 'ok', or the first thing that is wrong."""
		if self.error:
			return self.error
		for name, good in self.checks:
			if good is False:
				return name + " WRONG"
		return "ok" if self.checks else ""


def options(data, unit=8):
	"""ND options as (type, whole option)."""
	at = 0
	while at + 2 <= len(data):
		n = data[at + 1] * unit
		if n == 0 or at + n > len(data):
			raise ValueError("ND option length")
		yield data[at], data[at:at + n], at
		at += n


def mobility_options(mh, at):
	while at < len(mh):
		if mh[at] == 0:
			at += 1
			continue
		n = mh[at + 1]
		if at + 2 + n > len(mh):
			raise ValueError("mobility option length")
		if mh[at] != 1:
			yield mh[at], mh[at + 2:at + 2 + n], at
		at += 2 + n


def decode(frame, ts, port, full=True):
	"""A Message, or None for a frame that is not IPv6.  full=False stops after probes and tunnels are told apart."""
	if len(frame) < 54 or frame[12:14] != b"\x86\xdd":
		return None
	m = Message(ts, port, frame[0:6], frame[6:12])
	m.wire_len = len(frame)
	try:
		_ip6(m, frame[14:], 0)
	except (ValueError, IndexError, struct.error) as e:
		m.error = "malformed: %s" % e
	return m


def _ip6(m, p, depth):
	plen, nh, m.hl = struct.unpack_from("!HBB", p, 4)
	m.src, m.dst = p[8:24], p[24:40]
	whole = len(p) >= 40 + plen
	p = p[:40 + plen]
	at = 40
	m.hao = m.rh2 = None
	while nh in (0, 60, 43):
		n = (p[at + 1] + 1) * 8
		if nh == 60:
			m.hao = _hao(p[at + 2:at + n]) or m.hao
		elif nh == 43 and p[at + 2] == 2:
			m.rh2 = p[at + 8:at + 24]
		nh, at = p[at], at + n
	if nh == 41 and depth < 4:
		m.outer.append((m.src, m.dst))
		return _ip6(m, p[at:], depth + 1)
	m.raw = p if whole else None
	m.data = p[at:]
	if nh == 17:
		_udp(m)
	elif nh == 6:
		m.kind = "TCP"
	elif nh == 58:
		_icmp6(m, at)
	elif nh == 135:
		_mobility(m, m.data)
	elif nh == 50:
		m.kind = "ESP"
		m.esp = struct.unpack_from("!II", m.data)


def _hao(opts):
	at = 0
	while at < len(opts):
		if opts[at] == 0:
			at += 1
			continue
		if opts[at] == 0xc9:
			return opts[at + 2:at + 18]
		at += 2 + opts[at + 1]
	return None


def _udp(m):
	m.kind = "UDP"
	if len(m.data) >= 32:
		magic, seq, sent = struct.unpack_from("!QQQ", m.data, 8)
		if magic != PROBE_MAGIC:
			magic, seq, sent = struct.unpack_from("<QQQ", m.data, 8)
		if magic == PROBE_MAGIC:
			m.kind = "PROBE"
			m.f = {"seq": seq, "sent": sent, "ports": struct.unpack_from("!HH", m.data)}


def _icmp6(m, at):
	d = m.data
	kind = {133: "RS", 134: "RA", 135: "NS", 136: "NA", 137: "Redirect", 1: "Unreachable", 2: "TooBig",
		3: "TimeExceeded", 4: "ParamProblem"}.get(d[0])
	if kind is None:
		m.kind = "ICMP"
		return
	m.kind = kind
	m.f["code"] = d[1]
	if m.raw is not None:
		m.checks.append(("checksum", oracle.checksum_ok(m.src, m.dst, 58, d)))
	if kind == "RA":
		m.f.update(flags=d[5], lifetime=struct.unpack_from("!H", d, 6)[0], prefixes=[], key=None)
		for t, o, _ in options(d[16:]):
			if t == 3:
				m.f["prefixes"].append((o[16:32], o[2], o[3]))
			elif t == 6:
				m.f["max_lifetime"] = struct.unpack_from("!H", o, 2)[0]
				m.f["key"] = _key_bits(o[4:])
	elif kind in ("NS", "NA"):
		m.f["target"] = d[8:24]
		m.f["flags"] = d[4]
		for t, o, off in options(d[24:]):
			if t == (7 if kind == "NS" else 8):
				m.f.update(nonce=o[4:8], ar=o[8:24], hmac=o[24:44], hmac_at=at + 24 + off + 24)
			elif t in (1, 2):
				m.f["lladdr"] = o[2:8]


def _key_bits(der):
	body = oracle._sequence(oracle._der(der)[1])
	n = oracle._sequence(oracle._der(body[1][1][1:])[1])[0][1]
	return int.from_bytes(n, "big").bit_length()


def _mobility(m, mh):
	m.mh = mh
	t = mh[2]
	m.kind = NAMES.get(t, "MH%d" % t)
	if len(mh) != (mh[1] + 1) * 8:
		raise ValueError("MH length")
	src, dst = m.hao or m.src, m.rh2 or m.dst
	m.checks.append(("checksum", oracle.checksum_ok(src, dst, 135, mh)))
	f = m.f
	if t == 8:
		f["seq"] = struct.unpack_from("!H", mh, 6)[0]
		f["data"], rest = _key_exchange_data(mh)
		for o, v, off in mobility_options(mh, rest):
			if o == 3:
				f["lifetime"] = struct.unpack("!H", v)[0]
			elif o == 18:
				f.setdefault("proofs", []).append((v[0], v[2:22], off + 4))
	elif t == 9:
		f["status"], _, f["seq"], f["lifetime"] = struct.unpack_from("!BBHH", mh, 6)
		for o, v, off in mobility_options(mh, 12):
			if o == 4:
				f["ar"] = v
			elif o == 5:
				f["hmac"], f["hmac_off"] = v, off + 2
	elif t == 5:
		f["seq"], f["flags"], f["lifetime"] = struct.unpack_from("!HHH", mh, 6)
		_binding_options(m, mh, 12)
	elif t in (6, 10):
		f["status"], f["flags"], f["seq"], f["lifetime"] = struct.unpack_from("!BBHH", mh, 6)
		if t == 10:
			f["nonce"] = mh[12:16]
		_binding_options(m, mh, 16 if t == 10 else 12)
	elif t == 7:
		f["status"] = mh[6]


def _binding_options(m, mh, at):
	for o, v, off in mobility_options(mh, at):
		if o == 5 and len(v) == 12:
			m.f["auth"] = v
		elif o == 6 and len(v) == 6 and m.kind == "BA":
			m.f["finished_request"] = v[2:6]
		elif o == 3 and len(v) == 16:
			m.f["alternate"] = v
		elif o == 18 and len(v) == 2 and v[0] == 3 and m.kind == "BU":
			m.f["leaving"] = True


def _key_exchange_data(mh):
	"""The encrypted key has no length of its own: it is what the options at the end leave (128 << n octets)."""
	for size in (128, 256, 384, 512):
		if len(mh) >= 8 + size + 4 and mh[8 + size:8 + size + 2] == b"\x03\x02":
			return mh[8:8 + size], 8 + size
	raise ValueError("key exchange data")


class Keys:
	"""What the verifier knows: the access routers' RSA keys and the manual ESP keys; it learns each Kbm from them."""

	def __init__(self):
		self.rsa = []		# (name, RsaKey)
		self.esp = {}		# spi -> (encryption key or None, integrity key, hash name, icv length)
		self.kbm = {}		# care-of address -> [Kbm], the newest last

	def add_rsa(self, name, path):
		with open(path) as f:
			self.rsa.append((name, oracle.RsaKey(f.read())))

	def add_esp(self, path):
		v = {}
		with open(path) as f:
			for line in f:
				k, eq, x = line.split("#")[0].partition("=")
				if eq:
					v[k.strip()] = x.strip()
		name, icv = {"hmac-sha256-128": ("sha256", 16), "hmac-sha1-96": ("sha1", 12)}[v["integrity"]]
		for d in ("ha", "mn"):
			enc = v.get("encryption-key-to-" + d)
			self.esp[int(v["spi-to-" + d], 0)] = (bytes.fromhex(enc) if enc else None,
				bytes.fromhex(v["integrity-key-to-" + d]), name, icv)

	def open(self, m):
		"""Decrypts ESP and verifies every MAC of m; results go to m.checks."""
		if m.kind == "ESP":
			self._esp(m)
		if m.error or m.raw is None:
			return m
		try:
			getattr(self, "_check_" + m.kind, lambda m: None)(m)
		except KeyError as e:
			m.error = "lacks " + str(e)
		return m

	def _esp(self, m):
		import hashlib
		import hmac
		sa = self.esp.get(m.esp[0])
		if sa is None:
			m.error = "unknown SPI 0x%x" % m.esp[0]
			return
		enc, auth, name, icv = sa
		d = m.data
		good = hmac.new(auth, d[:-icv], getattr(hashlib, name)).digest()[:icv] == d[-icv:]
		m.checks.append(("ESP ICV", good))
		if not good:
			return
		plain = oracle.aes_cbc_decrypt(enc, d[8:24], d[24:-icv]) if enc else d[8:-icv]
		pad, nh = plain[-2], plain[-1]
		m.checks.append(("ESP padding", plain[len(plain) - 2 - pad:-2] == bytes(range(1, pad + 1))))
		if nh == 135:
			_mobility(m, plain[:len(plain) - 2 - pad])

	def _check_KEReq(self, m):
		coa = m.hao
		if not m.f.get("kbm"):
			for name, key in self.rsa:
				k = key.oaep_decrypt(m.f["data"])
				if k and len(k) == 16:
					m.f["kbm"], m.f["to"] = k, name
					break
		k = m.f.get("kbm")
		m.checks.append(("RSA-OAEP", k is not None))
		if k is None:
			return
		base = len(m.raw) - len(m.mh)
		zero = [(base + 4, 2)] + [(base + off, 20) for _, _, off in m.f.get("proofs", [])]
		for sub, mac, _ in m.f.get("proofs", []):
			# Sub-type 2 proves the new key, 1 the one it replaces (AMB-170).
			known = [k] if sub == 2 else [x for x in self.kbm.get(coa, []) if x != k]
			m.checks.append(("proof %d" % sub,
				any(oracle.whole_packet_hmac(x, m.raw, zero) == mac for x in known)))
		ring = self.kbm.setdefault(coa, [])
		if k not in ring:
			ring.append(k)

	def _any(self, coa, test):
		return any(test(k) for k in reversed(self.kbm.get(coa, [])))

	def _check_KEAck(self, m):
		base = len(m.raw) - len(m.mh)
		zero = [(base + 4, 2), (base + m.f["hmac_off"], 20)]
		m.checks.append(("HMAC", self._any(m.rh2,
			lambda k: oracle.whole_packet_hmac(k, m.raw, zero) == m.f["hmac"])))

	def _nd(self, m):
		if "hmac" in m.f:
			zero = [(42, 2), (m.f["hmac_at"], 20)]
			m.checks.append(("HMAC", self._any(m.f["target"],
				lambda k: oracle.whole_packet_hmac(k, m.raw, zero) == m.f["hmac"])))

	_check_NS = _check_NA = _nd

	def _binding(self, m):
		if m.esp:
			return
		home = m.hao or m.rh2 or (m.src if m.kind != "BA" else m.dst)
		if "auth" in m.f:
			m.checks.append(("MAC", self._any(home,
				lambda k: oracle.authenticator(k, m.src, m.dst, m.mh) == m.f["auth"])))

	_check_BU = _check_BA = _check_Finished = _binding
