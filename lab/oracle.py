# SPDX-License-Identifier: ISC
"""Independent arithmetic for the lab: checksums, the MACs of the draft, AES-CBC and RSA-OAEP.

Standard library only, written from the draft and the RFCs, not from the C code: it is there to disagree.
"""
import base64
import hashlib
import hmac
import struct


def ones_sum(data):
	if len(data) & 1:
		data += b"\0"
	s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
	while s >> 16:
		s = (s & 0xffff) + (s >> 16)
	return s


def checksum_ok(src, dst, protocol, data):
	"""True when the checksum inside data is right for this pseudo header (RFC 8200 8.1)."""
	return ones_sum(src + dst + struct.pack("!II", len(data), protocol) + data) == 0xffff


def whole_packet_hmac(key, packet, zero):
	"""HMAC-SHA1 over a packet with traffic class, flow label and the (offset, length) ranges zeroed (AMB-030)."""
	b = bytearray(packet)
	b[0:4] = b"\x60\0\0\0"
	for off, n in zero:
		b[off:off + n] = bytes(n)
	return hmac.new(key, bytes(b), hashlib.sha1).digest()


def authenticator(key, src, dst, mh):
	"""Binding Authorization Data of BU, BA and Finished: addresses on the wire, checksum 0 (draft 2.1, AMB-032)."""
	m = mh[:4] + b"\0\0" + mh[6:-12]
	return hmac.new(key, src + dst + m, hashlib.sha1).digest()[:12]


# ---- AES (FIPS 197), decryption only ---------------------------------------------------------------------------
def _tables():
	p = q = 1
	box = [0] * 256
	while True:
		p = p ^ (p << 1) & 0xff ^ (0x1b if p & 0x80 else 0)
		q ^= q << 1
		q ^= q << 2
		q ^= q << 4
		q &= 0xff
		if q & 0x80:
			q ^= 9
		rot = lambda n: (q << n | q >> 8 - n) & 0xff
		box[p] = q ^ rot(1) ^ rot(2) ^ rot(3) ^ rot(4) ^ 0x63
		if p == 1:
			break
	box[0] = 0x63
	return box


SBOX = _tables()
INVERSE = [SBOX.index(i) for i in range(256)]


def _mul(a, b):
	r = 0
	while b:
		if b & 1:
			r ^= a
		a = a << 1 ^ (0x11b if a & 0x80 else 0)
		b >>= 1
	return r


MUL = {k: [_mul(i, k) for i in range(256)] for k in (9, 11, 13, 14)}


def _expand(key):
	nk = len(key) // 4
	w = [list(key[i * 4:i * 4 + 4]) for i in range(nk)]
	rcon = 1
	for i in range(nk, 4 * (nk + 7)):
		t = list(w[-1])
		if i % nk == 0:
			t = [SBOX[x] for x in t[1:] + t[:1]]
			t[0] ^= rcon
			rcon = _mul(rcon, 2)
		elif nk > 6 and i % nk == 4:
			t = [SBOX[x] for x in t]
		w.append([a ^ b for a, b in zip(w[i - nk], t)])
	return [sum(w[i:i + 4], []) for i in range(0, len(w), 4)]


def _decrypt_block(keys, block):
	s = [a ^ b for a, b in zip(block, keys[-1])]
	for n in range(len(keys) - 2, -1, -1):
		s = [INVERSE[s[(c * 4 + r - 4 * r) % 16]] for c in range(4) for r in range(4)]
		s = [a ^ b for a, b in zip(s, keys[n])]
		if n:
			o = []
			for c in range(0, 16, 4):
				a, b, d, e = s[c:c + 4]
				o += [MUL[14][a] ^ MUL[11][b] ^ MUL[13][d] ^ MUL[9][e],
					MUL[9][a] ^ MUL[14][b] ^ MUL[11][d] ^ MUL[13][e],
					MUL[13][a] ^ MUL[9][b] ^ MUL[14][d] ^ MUL[11][e],
					MUL[11][a] ^ MUL[13][b] ^ MUL[9][d] ^ MUL[14][e]]
			s = o
	return bytes(s)


def aes_cbc_decrypt(key, iv, data):
	keys, out = _expand(key), b""
	for i in range(0, len(data), 16):
		block = data[i:i + 16]
		out += bytes(a ^ b for a, b in zip(_decrypt_block(keys, block), iv))
		iv = block
	return out


# ---- RSA (RFC 8017) --------------------------------------------------------------------------------------------
def _der(data, at=0):
	"""(tag, contents, end) of the element at `at`."""
	tag, n, at = data[at], data[at + 1], at + 2
	if n & 0x80:
		k = n & 0x7f
		n, at = int.from_bytes(data[at:at + k], "big"), at + k
	return tag, data[at:at + n], at + n


def _sequence(data):
	out, at = [], 0
	while at < len(data):
		tag, body, at = _der(data, at)
		out.append((tag, body))
	return out


class RsaKey:
	"""A private key from a PEM file (PKCS#1 or PKCS#8, not encrypted)."""

	def __init__(self, pem):
		der = base64.b64decode("".join(l for l in pem.splitlines() if l and not l.startswith("-----")))
		parts = _sequence(_der(der)[1])
		if parts[1][0] == 0x30:
			parts = _sequence(_der(parts[2][1])[1])
		v = [int.from_bytes(b, "big") for _, b in parts[:9]]
		_, self.n, self.e, _, self.p, self.q, self.dp, self.dq, self.qinv = v
		self.size = (self.n.bit_length() + 7) // 8

	def _private(self, c):
		m1, m2 = pow(c, self.dp, self.p), pow(c, self.dq, self.q)
		return m2 + (self.qinv * (m1 - m2) % self.p) * self.q

	def oaep_decrypt(self, data):
		"""The message, or None; SHA-1 and then SHA-256, MGF1 with the same hash, empty label."""
		if len(data) != self.size:
			return None
		em = self._private(int.from_bytes(data, "big")).to_bytes(self.size, "big")
		for h in ("sha1", "sha256"):
			m = _oaep_open(em, h)
			if m is not None:
				return m
		return None


def _mgf(h, seed, n):
	out, i = b"", 0
	while len(out) < n:
		out += hashlib.new(h, seed + struct.pack("!I", i)).digest()
		i += 1
	return out[:n]


def _oaep_open(em, h):
	hl = hashlib.new(h).digest_size
	seed = bytes(a ^ b for a, b in zip(em[1:1 + hl], _mgf(h, em[1 + hl:], hl)))
	db = bytes(a ^ b for a, b in zip(em[1 + hl:], _mgf(h, seed, len(em) - 1 - hl)))
	at = db.find(b"\1", hl)
	if em[0] or db[:hl] != hashlib.new(h).digest() or at < 0 or any(db[hl:at]):
		return None
	return db[at + 1:]
