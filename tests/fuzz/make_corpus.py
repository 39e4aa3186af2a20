#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Writes the seeds of tests/fuzz/corpus from tests/vectors.  Run it from anywhere; it is deterministic."""
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"
CORPUS = HERE / "corpus"
sys.path.insert(0, str(HERE.parent / "ctl"))
from messages import MESSAGES  # noqa: E402  pylint: disable=wrong-import-position
FILES = ("rsa1024", "rsa2048", "kex", "dad", "binding")


def sections(name):
    text = (VECTORS / (name + ".txt")).read_text()
    for title, body in re.findall(r"^\[(\S+)\]\n([0-9a-f\n]+)", text, re.M):
        yield title, bytes.fromhex("".join(body.split()))


def put(fuzzer, name, data):
    (CORPUS / fuzzer).mkdir(parents=True, exist_ok=True)
    (CORPUS / fuzzer / name).write_bytes(data)


def upper(pkt):
    """Offset of the upper layer: the vectors have at most one extension header of 24 octets."""
    return 64 if pkt[6] in (43, 60) else 40


def ra(option):
    """A Router Advertisement with every option we know, and the given LKE Capability option."""
    whole = bytes.fromhex("20010db8000100000000000000000001")
    pio = bytes((3, 4, 64, 0xE0)) + bytes(4) + bytes.fromhex("0001518000003840") + whole
    pio = pio[:4] + bytes.fromhex("0001518000003840") + bytes(4) + whole
    return (bytes((134, 0, 0, 0, 64, 0x28, 0x1C, 0x20)) + bytes(8)
            + bytes.fromhex("0101020000000a01" "0501000000000500") + pio
            + bytes.fromhex("0701000000000064" "0801000000001c20")
            + bytes((25, 3)) + bytes(2) + bytes.fromhex("00000258") + whole + option)


def lbsa(bound, reach, na):
    """A record of an access router's state, src/core/ar_record.c."""
    a = lambda text: bytes.fromhex(text.replace(":", "").ljust(16, "0")) + bytes(7) + b"\xb7"
    out = b"\x01" + (77).to_bytes(8, "big") + b"wlan0".ljust(16, b"\0")
    out += a("20010db800010000") + a("20010db800010000") + a("fe80000000000000")
    out += b"\x06" + bytes((2, 0, 0, 0, 0, 7)) + bytes(range(16)) + bytes((1, 1, 1))
    out += (100).to_bytes(2, "big") + (0xfff0).to_bytes(2, "big") + (5 * 10**12).to_bytes(8, "big")
    out += (10**12).to_bytes(8, "big") + na.to_bytes(2, "big") + bytes(na) + bytes((0, reach))
    for n in range(reach):
        out += a("20010db800020000") + b"".join((n * 10**9).to_bytes(8, "big") for _ in range(3)) + b"\1"
    return out + (b"\1" + a("20010db800020000") + b"\2" + (10**12).to_bytes(8, "big") if bound else b"\0")


def state():
    records = {"lbsa_bound": lbsa(True, 8, 256), "lbsa": lbsa(False, 0, 0), "lbsa_na": lbsa(True, 1, 120),
               "gone": b"\x02" + (77).to_bytes(8, "big"),
               "key": b"\x03" + (1).to_bytes(4, "big") + bytes(8) + bytes(8) + bytes(range(16)),
               "seen": b"\x04" + (1).to_bytes(4, "big") + b"\x02" + bytes(range(16))}
    for name, data in records.items():
        put("state", "record_" + name, b"\1" + data)
    inner = b"".join(bytes((t, len(d) % 256)) + d[:255] for t, d in ((1, records["lbsa"]), (2, b"key"), (17, b""),
                     (16, bytes(16)), (1, b"three"), (19, bytes(8)), (18, b"")))
    for hurt in (0, 3, 200):
        put("state", "sealed_%d" % hurt, bytes((2, 5, hurt)) + inner)
    put("state", "file_magic", b"\0LKEA" + bytes((0, 0, 0, 1)) + bytes(92))
    put("state", "file_short", b"\0LKE")


def packets():
    return [data for file in FILES for title, data in sections(file) if data[0] == 0x60 and len(data) >= 64]


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(frames, links, order="<"):
    """frames: (interface, octets); links: link type of each interface."""
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    for n, link in enumerate(links):
        name = b"wlan%d" % n
        options = struct.pack(order + "HH", 2, len(name)) + name + bytes(-len(name) % 4)
        options += struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
        out += block(1, struct.pack(order + "HHI", link, 0, 1600) + options, order)
    for n, (interface, data) in enumerate(frames):
        t = 1700000000 * 10**9 + n * 1000
        out += block(6, struct.pack(order + "IIIII", interface, t >> 32, t & 0xFFFFFFFF, len(data), len(data)) + data,
                     order)
    return out


def pcap(frames, link, order="<", magic=0xA1B2C3D4):
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, link)
    for n, data in enumerate(frames):
        out += struct.pack(order + "IIII", 1700000000, n, len(data), len(data)) + data
    return out


def decode():
    """Captures of all vectors behind each link type, and key logs."""
    ether = bytes(12) + b"\x86\xdd"
    vlan = bytes(12) + b"\x88\xa8\0\1\x81\0\0\2\x86\xdd"
    sll, sll2 = bytes(14) + b"\x86\xdd", b"\x86\xdd" + bytes(18)
    heads = {1: ether, 113: sll, 276: sll2, 101: b"", 229: b"", 0: bytes(4), 108: bytes(4), 12: b""}
    for link, head in heads.items():
        put("decode", "pcap_%d" % link, b"\0" + pcap([head + p for p in packets()][:6], link))
    put("decode", "pcap_big_ns", b"\0" + pcap([vlan + p for p in packets()], 1, ">", 0xA1B23C4D))
    mixed = [(n % 3, (ether, b"", sll)[n % 3] + p) for n, p in enumerate(packets())]
    put("decode", "pcap_mobile_ipv6", b"\0" + pcap([packet for _, packet, _, _ in MESSAGES], 101))
    for name, order in (("little", "<"), ("big", ">")):
        put("decode", "pcapng_" + name, b"\0" + pcapng(mixed, (1, 101, 113), order))
    put("decode", "pcapng_simple", b"\0" + pcapng([], (101,)) + block(3, struct.pack("<I", 64) + packets()[-1]))
    put("decode", "pcapng_sections", b"\0" + pcapng(mixed[:2], (1, 101)) + pcapng(mixed[:1], (1,), ">"))
    put("decode", "pcapng_cut", b"\0" + pcapng(mixed, (1, 101, 113))[:-9])
    put("decode", "keys", b"\1# a comment\n\nLKE_KBM 2001:db8::1 fe80::1 " + b"00" * 16 + b"\n")
    put("decode", "keys_bad", b"\1LKE_KBM 2001:db8::1 fe80::1 " + b"0g" * 16 + b"\n")


def home_agent():
    """Records of fuzz_home_agent: kind, length, body."""
    agent = bytes.fromhex("20010db8000100000000000000000001")
    coa = bytes.fromhex("20010db8000500000000000000000007")

    def record(kind, body):
        return bytes((kind, len(body))) + body

    alternate = bytes((1, 0, 3, 16)) + coa

    def update(seq, life, flags=0xC0, who=0, option=None):
        option = (alternate if life else b"") if option is None else option
        data = bytes((seq >> 8, seq & 255, flags, 0)) + life.to_bytes(2, "big") + option
        data += bytes((1, 2, 0, 0)) if (6 + len(data)) % 8 else b""
        return record(3, bytes((who, 59, (6 + len(data)) // 8 - 1, 5, 0, 0, 0)) + data)
    wait = record(5, b"\7\0")
    yield "register_move_refresh_return", b"\0" + update(7, 100) + wait + update(8, 100, who=1) + update(9, 3) \
        + record(5, b"\x40\0") + update(10, 0)
    yield "link_local", b"\1" + update(7, 100, 0xE0) + wait + update(8, 100, 0xC0)
    yield "replay_and_full_disk", b"\0" + update(7, 100) + wait + update(7, 100) + record(5, b"\0\10") + update(900, 9) + wait
    yield "of_another", b"\0" + update(7, 100, who=4) + update(8, 100, who=2) + update(9, 100, who=3)
    yield "alternate", b"\0" + update(7, 100) + wait + update(8, 100, option=b"") + record(6, b"\x81\0") * 2 \
        + record(6, b"\5\0") * 12
    advertisement = bytes((134, 0, 0, 0, 64, 0x20, 7, 8)) + bytes(8) + bytes((3, 4, 64, 0xE0)) + bytes((0, 0, 0, 99)) * 2 \
        + bytes(4) + agent + bytes((8, 1, 0, 0, 0, 5, 7, 8))
    yield "prefix", b"\2" + record(2, b"\0" + advertisement) + update(7, 100) + wait + record(7, b"\x10\1") + wait \
        + record(4, b"\0" + bytes((146, 0, 0, 0, 1, 2, 0, 0))) + record(5, b"\xff\4")
    home = agent[:14] + b"\x0b\1"
    yield "duplicate", b"\0" + update(7, 100) + record(2, b"\3" + bytes((135, 0, 0, 0)) + bytes(4) + home) + wait \
        + update(8, 100) + record(2, b"\0" + bytes((136, 0, 0, 0, 0x20, 0, 0, 0)) + home) + wait
    anycast = agent[:8] + b"\xfd" + b"\xff" * 6 + b"\xfe"
    yield "discovery", b"\2" + record(1, bytes((0x60, 0, 0, 0, 0, 8, 58, 9)) + coa + anycast + bytes((144, 0, 0, 0, 7, 7, 0, 0)))
    plain = bytes((60, 0, 0, 0, 0, 0, 0, 64))[:6] + bytes((60, 64)) + coa + agent + bytes((135, 2, 1, 2, 0, 0, 0xC9, 16)) + home
    yield "without_esp", b"\0" + record(1, plain + bytes((59, 1, 5, 0, 0, 0, 0, 7, 0xC0, 0, 0, 9, 1, 2, 0, 0)))


def main():
    for name, seed in home_agent():
        put("home_agent", name, seed)
    state()
    decode()
    for file in FILES:
        for title, data in sections(file):
            if title == "option":
                put("nd", "ra_" + file, b"\0" + ra(data))
                put("rsakey", "spki_" + file, data[4:])
                put("rsakey", "pkcs1_" + file, data[4 + (22 if file == "rsa1024" else 24):])
            if data[0] != 0x60 or len(data) < 72:
                continue
            put("ext", f"{file}_{title}", data)
            if data[6] == 58:
                unspecified = data[8:24] == bytes(16)
                put("nd", title, bytes((3 if unspecified else 0,)) + data[40:])
            else:
                put("mh", f"{file}_{title}", data[upper(data):])
    put("nd", "rs", b"\0" + bytes((133, 0, 0, 0, 0, 0, 0, 0)) + bytes.fromhex("0101020000000a01"))
    bu = dict(sections("binding"))["bu"]
    leave = bytes((59, 3, 5, 0, 0, 0, 0x12, 0x34, 0xC0, 0, 0, 0))
    auth = bytes((5, 12)) + bytes(range(12))
    put("mh", "bu_leave", leave + bytes((18, 2, 3, 0, 1, 0)) + auth)
    put("mh", "bu_leave_twice", leave + bytes((18, 2, 3, 0, 18, 2, 3, 0, 1, 2, 0, 0)) + bytes(8))
    put("mh", "bu_leave_cut", leave + bytes((18, 9, 3, 0)))
    put("mh", "bu_leave_longer", leave + bytes((18, 4, 3, 0, 0, 0)) + auth)
    put("mh", "be", bytes((59, 2, 7, 0, 0, 0, 1, 0)) + bu[48:64])
    tunnel = bytes((0x60, 0, 0, 0, 0, len(bu), 41, 64)) + bu[8:40] + bu
    put("ext", "tunnel", tunnel)
    put("ext", "hop_by_hop", bytes((0x60, 0, 0, 0, 0, 16, 0, 64)) + bu[8:40]
        + bytes((60, 0, 5, 2, 0, 0, 1, 0)) + bytes((59, 0, 4, 1, 3, 1, 1, 0)))
    put("ext", "fragment", bytes((0x60, 0, 0, 0, 0, 16, 44, 64)) + bu[8:40]
        + bytes((58, 0, 0, 1, 0, 0, 0, 9)) + bytes((1, 0, 0, 0, 0, 0, 0, 0)))
    inner = bytes((0x60, 0, 0, 0, 0, 40, 17, 64)) + bu[8:40] + bytes(range(40))

    def piece(off, more, data, when=0):
        head = bytes((41, 0)) + (off | more).to_bytes(2, "big") + bytes((0, 0, 0, 7))
        return (len(head + data)).to_bytes(2, "big") + bytes((when,)) + head + data
    put("reassembly", "in_order", piece(0, 1, inner[:48]) + piece(48, 0, inner[48:]))
    put("reassembly", "last_first", piece(48, 0, inner[48:]) + piece(0, 1, inner[:48]))
    put("reassembly", "atomic", piece(0, 0, inner))
    put("reassembly", "duplicate", piece(0, 1, inner[:48]) * 2 + piece(48, 0, inner[48:], 3))
    put("reassembly", "overlap", piece(0, 1, inner[:56]) + piece(48, 0, inner[48:]))
    put("reassembly", "late", piece(0, 1, inner[:48]) + piece(48, 0, inner[48:], 160))
    big = inner[:4] + (1400).to_bytes(2, "big") + inner[6:] + bytes(1360)
    for name, head in (("unreachable", bytes((1, 0, 0, 0, 0, 0))), ("too_big", bytes((2, 0, 0, 0, 5, 20))),
                       ("too_small", bytes((2, 0, 0, 0, 0, 68))), ("hop_limit", bytes((3, 0, 0, 0, 0, 0))),
                       ("parameter", bytes((4, 0, 0, 0, 0, 40)))):
        put("tunnel_error", name, b"\1" + head + big[:900])
    put("tunnel_error", "raw", b"\0" + inner)

    def segment(n, flags=0x10, at=0, by=0):
        return bytes((0, flags)) + n.to_bytes(2, "big") + bytes((at, by))
    put("join", "flow", segment(1300) * 4 + segment(400, 0x18))
    put("join", "long", segment(1399) * 55)
    put("join", "marks", segment(1300) + segment(1300, at=1, by=0x30) + segment(1300, 0x50))
    put("join", "gap", segment(1300) + segment(1300, at=47, by=1) + segment(1300))
    put("join", "wrong_sum", segment(1300) + segment(1300, 0x30, 60, 1) + segment(1300))
    put("join", "other", segment(1300) + bytes((1, 0, 15, 0, 17, 9)) + bytes(13) + segment(1300))
    null = bytes.fromhex("0000100100000001")
    put("esp", "null", b"\0" + null + bytes(16) + bytes((1, 2, 2, 135)) + bytes(12))
    put("esp", "aes", b"\1" + null + bytes(16) + bytes(12) + bytes((1, 2, 2, 135)) + bytes(12))
    put("esp", "aes256", b"\3" + null + bytes(16) + bytes(14) + bytes((0, 135)) + bytes(16))
    put("esp", "bad_padding", b"\0" + null + bytes((9, 9, 9, 9, 9, 9, 4, 135)) + bytes(12))
    key = "000102030405060708090a0b0c0d0e0f"
    head = "format = lke-policy 1\nname = alice\nhome-address = 2001:db8:100::42\n"
    keys = ("spi-to-ha = 0x1000\nspi-to-mn = 4097\nencryption = aes-cbc\nintegrity = hmac-sha256-128\n"
            f"encryption-key-to-ha = {key}\nencryption-key-to-mn = 0x{key}\n"
            f"integrity-key-to-ha = {key}{key}\nintegrity-key-to-mn = {key}{key[::-1]}\ngeneration = 3\n")
    sha1 = ("spi-to-ha=0x1000\nspi-to-mn=4097\nencryption=null\nintegrity=hmac-sha1-96\n"
            f"integrity-key-to-ha={key}01020304\nintegrity-key-to-mn={key}05060708\n")
    put("policy", "whole", ("# comment\n" + head + "home-agent = 2001:db8:100::1\nmax-lifetime = 10m\n" + keys).encode())
    put("policy", "short", (head + sha1).encode())
    put("policy", "twice", (head + head + sha1).encode())
    put("policy", "bad_name", (head.replace("alice", "../alice") + sha1).encode())
    put("policy", "key_only", keys.encode())


if __name__ == "__main__":
    main()
