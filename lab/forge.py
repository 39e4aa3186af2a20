# SPDX-License-Identifier: ISC
"""Packets for attacks, right ones and wrong ones, on top of the octets of peer.py.  Each function returns an IPv6 packet."""
import struct

import peer

UDP, FRAGMENT = 17, 44


def ether(dst, src, packet):
	return dst + src + b"\x86\xdd" + packet


def icmp6(kind, src, dst, body, hop_limit=255, code=0):
	m = bytes([kind, code, 0, 0]) + body
	return peer.ip6(peer.ICMP6, src, dst, peer.patch(m, 2, peer.checksum(src, dst, peer.ICMP6, m)), hop_limit)


def rs(src, mac):
	return icmp6(133, src, peer.ALL_ROUTERS, bytes(4) + b"\x01\x01" + mac)


def ns(src, dst, target, options=b"", **kw):
	return icmp6(135, src, dst, bytes(4) + target + options, **kw)


def na(src, dst, target, flags, options=b"", **kw):
	return icmp6(136, src, dst, bytes([flags, 0, 0, 0]) + target + options, **kw)


def authenticated_na(coa, mac, nonce, ar, kbm, options=b""):
	"""Neighbor Advertisement with DAD Authentication Reply, behind other options (draft 3.1.3, AMB-085)."""
	return peer.signed_nd(136, b"\x20\0\0\0" + coa + b"\2\1" + mac + options, nonce, ar, coa, peer.ALL_NODES, kbm)


def binding_update(coa, ar, home, seq, lifetime, kbm, extra=b""):
	return peer.binding(peer.BU, struct.pack("!HHH", seq & 0xffff, 0xc000, lifetime // 4), extra, kbm, coa, ar, home)


def finished(coa, ar, home, seq, lifetime, nonce, kbm):
	return peer.binding(peer.FINISHED, struct.pack("!BBHH", 0, 0, seq, lifetime // 4) + nonce, b"", kbm, coa, ar, home)


def udp(src, dst, sport, dport, data):
	u = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
	return peer.ip6(UDP, src, dst, peer.patch(u, 6, peer.checksum(src, dst, UDP, u)), 64)


def tunnel(src, dst, inner):
	return peer.ip6(peer.IPV6, src, dst, inner, 64)


def behind(packet, nh, header):
	"""The packet with one more extension header in front of what follows its IPv6 header; header: all but its first octet."""
	chain = bytes([packet[6]]) + header
	return packet[:4] + struct.pack("!H", len(packet) - 40 + len(chain)) + bytes([nh]) + packet[7:40] + chain + packet[40:]


def fragments(packet, size=400, ident=0x4c4b45):
	"""RFC 8200 4.5: everything behind the IPv6 header in pieces of `size` octets, a multiple of 8."""
	body, out = packet[40:], []
	for at in range(0, len(body), size):
		piece = body[at:at + size]
		more = at + size < len(body)
		out.append(fragment(packet, at, more, piece, ident))
	return out


def fragment(packet, at, more, piece, ident=0x4c4b45):
	head = bytes([packet[6], 0]) + struct.pack("!HI", at | more, ident)
	return packet[:4] + struct.pack("!H", 8 + len(piece)) + bytes([FRAGMENT]) + packet[7:40] + head + piece
