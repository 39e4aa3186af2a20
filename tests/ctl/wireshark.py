#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The dissector packaging/wireshark/lke.lua in tshark, on captures of the vectors.  Argument: lke."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

import decode
from tap import equal, run, true

LUA = os.path.join(decode.ROOT, 'packaging', 'wireshark', 'lke.lua')
FIELDS = ('lke.message', 'lke.mac', 'lke.sequence', 'lke.status', 'lke.lifetime', 'lke.nonce', 'lke.care_of_address',
          'lke.access_router', 'lke.rsa_bits', '_ws.expert.message')


def tshark(packets, *args, keys=True):
    """One {field: text} for each packet that LKE is in, and what tshark had to say."""
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, 'capture'), 'wb') as f:
            f.write(decode.vectors.pcap(packets, 101))
        with open(os.path.join(d, 'keys'), 'w') as f:
            f.write(decode.KEY)
        # HOME: no preferences and no plugins of whoever runs the test.
        env = dict(os.environ, HOME=d, XDG_CONFIG_HOME=d)
        fields = [a for f in FIELDS for a in ('-e', f)]
        p = subprocess.run(['tshark', '-r', os.path.join(d, 'capture'), '-X', 'lua_script:' + LUA,
                            *(['-o', f'lke.keylog_file:{d}/keys'] if keys else []),
                            '-T', 'fields', '-E', 'separator=|', *fields, *args], env=env, text=True,
                           capture_output=True, timeout=120)
    equal(p.returncode, 0)
    errors = [e for e in p.stderr.splitlines() if 'Running as user' not in e]
    equal(errors, [])
    return [dict(zip(FIELDS, line.split('|'))) for line in p.stdout.splitlines()]


def op_wireshark_names_every_message(lke):
    packets = decode.named()
    got = tshark(list(packets.values()))
    equal(len(got), len(packets))
    for (title, packet), row in zip(packets.items(), got):
        j, = decode.objects(lke, decode.vectors.pcap([packet], 101))
        want = '' if title.endswith('brr') else j['message']
        equal((title, row['lke.message']), (title, want))
        if j['sequence']:
            equal((title, row['lke.sequence']), (title, str(j['sequence'])))
            equal((title, row['lke.lifetime'] or '0'), (title, str(j['lifetime'])))
            equal((title, row['lke.status'] or '0'), (title, str(j['status'])))
            equal((title, row['lke.care_of_address']), (title, j['address']))
        true('alformed' not in row['_ws.expert.message'], f'{title}: {row}')


def op_wireshark_verifies_macs(lke):
    packets = decode.named()
    signed = {t: p for t, p in packets.items()
              if not t.endswith(('brr', '/kereq')) and b'\x20\x01\x0d\xb8\x00\x01' in p}
    got = tshark(list(signed.values()))
    want = decode_verdicts(lke, signed)
    equal({t: row['lke.mac'] for t, row in zip(signed, got)}, want)
    true(list(want.values()).count('verified') >= 8, want)
    # Without a key log nothing is said, and nothing is taken for wrong.
    equal({row['lke.mac'] for row in tshark(list(signed.values()), keys=False)}, {''})


def decode_verdicts(lke, packets):
    """What `lke decode --keylog` says."""
    out = {}
    for title, packet in packets.items():
        j, = decode.objects(lke, decode.vectors.pcap([packet], 101), '--keylog', '@/keys')
        out[title] = ('verified' if j['verdict'] == 'accepted' else '' if j['verdict'] == 'unverified'
                      and 'no key' not in j['text'] else 'no key' if 'no key' in j['text'] else 'bad')
    return out


def op_wireshark_finds_bad_macs(lke):
    packets = decode.named()
    for title in ('binding/bu', 'binding/finished', 'binding/ba_finished_request', 'kex/keack', 'dad/dad_ns',
                  'dad/dad_na', 'rsa2048/kereq_proof'):
        packet = bytearray(packets[title])
        at = len(packet) - (12 if title.startswith('dad') else 10)
        packet[at], packet[at + 2] = packet[at + 2], packet[at]
        row, = tshark([bytes(packet)])
        equal((title, row['lke.mac']), (title, 'bad'))
        true('The MAC is wrong' in row['_ws.expert.message'], row)


def op_wireshark_has_expert_infos(lke):
    packets = decode.named()
    row, = tshark([packets['binding/ba_134']])
    true('Refused' in row['_ws.expert.message'], row)
    row, = tshark([packets['binding/bu_deregister']])
    true('a deregistration' in row['_ws.expert.message'], row)
    hops = bytearray(packets['kex/keack'])
    hops[7] = 64
    row, = tshark([bytes(hops)])
    true('Hop limit is not 255' in row['_ws.expert.message'], row)
    row, = tshark([packets['rsa1024/kereq']])
    equal(row['lke.rsa_bits'], '1024')
    true('less than 2048 bits' in row['_ws.expert.message'], row)


def op_wireshark_leaves_fmipv6_and_mipv6_alone(lke):
    """What RFC 5568 and RFC 6275 have reads as it does without the dissector."""
    ends = bytes.fromhex('20010db8000100000000000000000b01' '20010db8000100000000000000000001')
    nonces = bytes((4, 4, 0, 1, 0, 2, 1, 0))
    bodies = {
        8: bytes((0, 1, 0x80, 0, 0, 9)), 9: bytes((0, 0, 0, 1, 0, 9)), 10: bytes(6),
        5: bytes((0, 7, 0x80, 0, 0, 9)) + nonces + bytes((5, 12)) + bytes(12) + bytes((1, 0)),
        1: bytes(10), 7: bytes((1, 0)) + ends[:16],
    }
    packets = []
    for kind, body in bodies.items():
        mh = bytes((59, 0, kind, 0, 0, 0)) + body
        mh += bytes(-len(mh) % 8)
        mh = bytes((59, len(mh) // 8 - 1)) + mh[2:]
        packets.append(bytes((0x60, 0, 0, 0, 0, len(mh), 135, 255)) + ends + mh)
    ours = tshark(packets)
    equal([row['lke.message'] for row in ours], [''] * len(packets))
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'capture')
        with open(path, 'wb') as f:
            f.write(decode.vectors.pcap(packets, 101))

        def details(*args):
            env = dict(os.environ, HOME=d, XDG_CONFIG_HOME=d)
            p = subprocess.run(['tshark', '-r', path, '-V', *args], env=env, text=True,
                               capture_output=True, timeout=120)
            return [line for line in p.stdout.splitlines() if 'Protocols in frame' not in line]
        plain = details()
        true(any('Fast Binding Update' in line for line in plain), plain[:40])
        equal(details('-X', 'lua_script:' + LUA), plain)


def op_wireshark_bears_damaged_packets(lke):
    """Truncated messages, and octets that are not what they were: no error of Lua, whatever they say."""
    rng = random.Random(7)
    packets = []
    for packet in decode.named().values():
        for _ in range(60):
            p = bytearray(packet)
            for _ in range(rng.randrange(1, 6)):
                p[rng.randrange(6, len(p))] = rng.choice((0, 1, 2, 255, rng.randrange(256)))
            packets.append(bytes(p))
        for cut in rng.sample(range(41, len(packet)), 20):
            short = bytearray(packet[:cut])
            short[4:6] = (cut - 40).to_bytes(2, 'big')
            packets.append(bytes(short))
    rows = tshark(packets)
    equal([row for row in rows if 'Lua' in row['_ws.expert.message']], [])
    true(sum(bool(row['lke.message']) for row in rows) > 500, 'hardly one was of LKE')


def op_wireshark_says_when_there_is_no_key_log(lke):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'capture')
        with open(path, 'wb') as f:
            f.write(decode.vectors.pcap([decode.named()['binding/bu']], 101))
        p = subprocess.run(['tshark', '-r', path, '-X', 'lua_script:' + LUA, '-o', f'lke.keylog_file:{d}/none', '-T', 'fields',
                            '-e', 'lke.mac'], env=dict(os.environ, HOME=d, XDG_CONFIG_HOME=d), text=True,
                           capture_output=True, timeout=120)
        equal((p.returncode, p.stdout.strip()), (0, 'no key'))
        true('No such file' in p.stderr, p.stderr)


TESTS = [op_wireshark_bears_damaged_packets, op_wireshark_says_when_there_is_no_key_log, op_wireshark_names_every_message, op_wireshark_verifies_macs, op_wireshark_finds_bad_macs,
         op_wireshark_has_expert_infos, op_wireshark_leaves_fmipv6_and_mipv6_alone]

if __name__ == '__main__':
    if not shutil.which('tshark'):
        print('1..0 # SKIP tshark is not installed')
        sys.exit(0)
    sys.exit(run(TESTS, sys.argv[1]))
