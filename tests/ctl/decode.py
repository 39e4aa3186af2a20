#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lke decode on captures made of the vectors and of tests/fuzz/corpus/decode.  Argument: the program."""
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from messages import MESSAGES
from tap import equal, run, true

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'fuzz'))
import make_corpus as vectors  # noqa: E402  pylint: disable=wrong-import-position

KEY = 'LKE_KBM 2001:db8:1::b01 2001:db8:1::1 000102030405060708090a0b0c0d0e0f\n'
NS = '{http://www.w3.org/2000/svg}'


def named():
    """title: packet of every vector."""
    return {f'{file}/{title}': data for file in vectors.FILES for title, data in vectors.sections(file)
            if data[0] == 0x60 and len(data) >= 64}


def decode(lke, data, *args):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'capture')
        with open(path, 'wb') as f:
            f.write(data)
        with open(os.path.join(d, 'keys'), 'w') as f:
            f.write(KEY)
        args = [a.replace('@', d) for a in args]
        p = subprocess.run([lke, 'decode', path, *args], text=True, capture_output=True, timeout=60)
        svg = os.path.join(d, 'out.svg')
        return p.returncode, p.stdout, p.stderr, open(svg).read() if os.path.exists(svg) else None


def objects(lke, data, *args):
    code, out, err, _ = decode(lke, data, '-j', *args)
    equal(code, 0)
    return [json.loads(line) for line in out.splitlines()]


def op_decode_names_every_message(lke):
    packets = named()
    got = objects(lke, vectors.pcap(list(packets.values()), 101))
    equal(len(got), len(packets))
    want = {'kereq': 'Key Exchange Request', 'keack': 'Key Exchange Acknowledgement', 'bu': 'Binding Update',
            'ba': 'Binding Acknowledgement', 'finished': 'Finished', 'brr': 'Binding Refresh Request',
            'dad_ns': 'DAD NS + Authentication Request', 'dad_na': 'NA + Authentication Reply'}
    for title, j in zip(packets, got):
        name = title.split('/')[1]
        stem = name if name in want else name.split('_')[0]
        equal((title, j['message'], j['verdict'], j['schema']), (title, want[stem], 'unverified', 'lke.event/1'))
        true(j['message'] in j['text'], j['text'])


def op_manual_shows_what_decode_prints(lke):
    packets = named()
    titles = ('rsa2048/kereq', 'kex/keack', 'dad/dad_ns', 'dad/dad_na', 'binding/bu', 'binding/ba_finished_request',
              'binding/finished')
    out = decode(lke, vectors.pcap([packets[t] for t in titles], 101))[1]
    with open(os.path.join(ROOT, 'man', 'lke-protocol.7')) as f:
        page = f.read()
    block = page[page.index('.Bd -literal\nKey'):].split('.Ed')[0].splitlines()[1:]
    equal(block, [line.split(None, 2)[2] for line in out.splitlines()])


def op_decode_reads_every_link_type(lke):
    corpus = os.path.join(ROOT, 'tests', 'fuzz', 'corpus', 'decode')
    for link in (1, 113, 276, 101, 229, 0, 108, 12):
        with open(os.path.join(corpus, f'pcap_{link}'), 'rb') as f:
            equal((link, len(objects(lke, f.read()[1:]))), (link, 6))
    everything = len(vectors.packets())
    for name in ('pcap_big_ns', 'pcapng_little', 'pcapng_big'):
        with open(os.path.join(corpus, name), 'rb') as f:
            got = objects(lke, f.read()[1:])
        equal((name, len(got)), (name, everything))
        if 'ng' in name:
            equal([j['interface'] for j in got[:4]], ['wlan0', 'wlan1', 'wlan2', 'wlan0'])
            equal([round((j['wall_time'] - 1700000000) * 1e6) for j in got[:3]], [0, 1, 2])


def op_decode_v_has_every_field(lke):
    bu = vectors.pcap([named()['binding/bu']], 101)
    code, out, _, _ = decode(lke, bu, '-v')
    equal(code, 0)
    for line in ('home_address_option +2001:db8:1::b01', 'sequence +4660', 'lifetime +3600s', 'hop_limit +64',
                 'binding_authorization_data +[0-9a-f]{24}'):
        true(re.search(rf'^ +{line}$', out, re.M), f'{line} is not in\n{out}')
    j, = objects(lke, bu, '-v')
    true({'name': 'sequence', 'value': '4660'} in j['fields'], j)
    true('fields' not in objects(lke, bu)[0], 'fields without -v')


def op_decode_verifies_with_a_key_log(lke):
    packets = named()
    signed = [p for t, p in packets.items() if not t.endswith(('brr', '/kereq')) and '_1' not in t]
    signed = [p for p in signed if b'\x20\x01\x0d\xb8\x00\x01' in p]
    got = objects(lke, vectors.pcap(signed, 101), '--keylog', '@/keys')
    true(len(got) >= 8, got)
    equal([j['text'] for j in got if j['verdict'] != 'accepted'], [])
    # One octet of what the MAC covers; the checksum is made right again by the same difference elsewhere.
    names = {'binding/bu': 'bad_mac', 'kex/keack': 'kex_mac', 'dad/dad_ns': 'dad_mac', 'dad/dad_na': 'dad_mac',
             'rsa2048/kereq_proof': 'kex_proof'}
    for title, verdict in names.items():
        packet = bytearray(packets[title])
        at = len(packet) - 12 if title.startswith('dad') else len(packet) - 10
        packet[at], packet[at + 2] = packet[at + 2], packet[at]
        true(packet != packets[title], title)
        j, = objects(lke, vectors.pcap([bytes(packet)], 101), '--keylog', '@/keys')
        equal((title, j['verdict']), (title, verdict))


def op_decode_shows_every_message_of_mobile_ipv6(lke):
    """In a line, and with all of its options by -v; the packets are made without lke."""
    capture = vectors.pcap([packet for _, packet, _, _ in MESSAGES], 101)
    got = objects(lke, capture, '-v')
    equal([(j['message'], j['verdict']) for j in got], [(name, 'unverified') for name, _, _, _ in MESSAGES])
    for j, (name, _, words, fields) in zip(got, MESSAGES):
        true(j['text'].startswith(name + ' ') and all(w in j['text'] for w in words), (j['text'], words))
        shown = [f'{f["name"]} {f["value"]}' for f in j['fields']]
        equal((name, [f for f in fields if f not in shown]), (name, []))
        others = [f for f in shown if f.startswith('other_option')]
        equal((name, others), (name, [f for f in fields if f.startswith('other_option')]))
    lines = decode(lke, capture)[1].splitlines()
    equal([line.split(None, 2)[2] for line in lines], [j['text'] for j in got])


def op_decode_agrees_with_tshark(lke):
    """Types, sequence numbers, lifetimes and states of what Wireshark knows by itself."""
    if not shutil.which('tshark'):
        return
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'capture.pcap')
        with open(path, 'wb') as f:
            f.write(vectors.pcap([packet for _, packet, _, _ in MESSAGES], 101))
        names = ('mip6.mhtype', 'icmpv6.type', 'mip6.bu.seqnr', 'mip6.ba.seqnr', 'mip6.bu.lifetime', 'mip6.ba.status', 'mip6.be.haddr',
                 '_ws.malformed')
        out = subprocess.run(['tshark', '-r', path, '-T', 'fields', *(a for n in names for a in ('-e', n))], capture_output=True,
                             text=True, check=True).stdout
    rows = [dict(zip(names, line.split('\t'))) for line in out.rstrip('\n').split('\n')]
    equal(len(rows), len(MESSAGES))
    types = {'Binding Refresh Request': 0, 'Home Test Init': 1, 'Care-of Test Init': 2, 'Home Test': 3, 'Care-of Test': 4,
             'Binding Update': 5, 'Binding Acknowledgement': 6, 'Binding Error': 7, 'Router Solicitation': 133,
             'Router Advertisement': 134, 'Neighbor Solicitation': 135, 'DAD Neighbor Solicitation': 135, 'Neighbor Advertisement': 136,
             'Home Agent Address Discovery Request': 144, 'Home Agent Address Discovery Reply': 145, 'Mobile Prefix Solicitation': 146,
             'Mobile Prefix Advertisement': 147}
    for row, j in zip(rows, objects(lke, vectors.pcap([packet for _, packet, _, _ in MESSAGES], 101))):
        equal((j['message'], row['mip6.mhtype'] or row['icmpv6.type']), (j['message'], str(types[j['message']])))
        equal((j['message'], row['_ws.malformed']), (j['message'], ''))
        sequence = row['mip6.bu.seqnr'] or row['mip6.ba.seqnr']
        true(not sequence or int(sequence) == j['sequence'], (row, j))
        true(not row['mip6.bu.lifetime'] or int(row['mip6.bu.lifetime']) * 4 == j['lifetime'], (row, j))
        true(not row['mip6.ba.status'] or int(row['mip6.ba.status']) == j['status'], (row, j))
        true(not row['mip6.be.haddr'] or row['mip6.be.haddr'] == j['address'], (row, j))


def op_decode_leaves_fmipv6_alone(lke):
    """RFC 5568 gives MH types 8 to 10 other meanings: with global addresses, without a home address."""
    ends = bytes.fromhex('20010db8000100000000000000000b01' '20010db8000100000000000000000001')
    for kind in (8, 9, 10):
        mh = bytes((59, 1, kind, 0, 0, 0, 0, 1)) + bytes(8)
        total = sum(int.from_bytes((ends + mh)[i:i + 2], 'big') for i in range(0, 48, 2)) + len(mh) + 135
        while total >> 16:
            total = (total & 0xffff) + (total >> 16)
        mh = mh[:4] + (0xffff ^ total).to_bytes(2, 'big') + mh[6:]
        packet = bytes((0x60, 0, 0, 0, 0, len(mh), 135, 255)) + ends + mh
        equal(objects(lke, vectors.pcap([packet], 101)), [])


def op_decode_says_what_is_malformed(lke):
    packet = bytearray(named()['binding/bu'])
    packet[-1] ^= 1
    j, = objects(lke, vectors.pcap([bytes(packet)], 101))
    equal((j['message'], j['verdict']), ('Binding Update', 'checksum'))
    true('dropped: checksum wrong' in j['text'], j)


def op_decode_broken_captures_are_clear_errors(lke):
    ng = vectors.pcapng([(0, p) for p in vectors.packets()], (101,))
    cases = {
        b'': 'the file is empty; record one with: tcpdump', b'ab': 'neither pcap nor pcapng; record one with: tcpdump',
        b'#!/bin/sh\nexit 0\n': 'neither pcap nor pcapng', gzip.compress(b''): 'compressed; give it to gunzip',
        b'\x28\xb5\x2f\xfd' + bytes(9): 'or unzstd first',
        vectors.pcap([bytes(64)], 101)[:-3]: 'cut short', ng[:-5]: 'cut short', ng[:20]: 'cut short',
        ng[:-4] + b'\1\0\0\0': 'two lengths differ',
        vectors.pcapng([(3, bytes(40))], (101,)): 'interface 3, which the file does not describe',
        vectors.pcap([], 101)[:4] + b'\x09' + vectors.pcap([], 101)[5:]: 'pcap of version 9.4 is not known',
        vectors.pcap([], 101) + b'\0' * 8 + b'\xff' * 8: 'the file is damaged',
    }
    for data, words in cases.items():
        code, _, err, _ = decode(lke, data)
        equal((data[-40:], code), (data[-40:], 1))
        true(words in err, f'{err} lacks {words}')
    cut = vectors.pcap([named()['binding/bu'][:-8]], 101)
    code, out, err, _ = decode(lke, cut[:36] + (96).to_bytes(4, 'little') + cut[40:])
    equal((code, out), (0, ''))
    true('1 cut short by the capture' in err, err)
    p = subprocess.run([lke, 'decode', '/nonexistent.pcap'], text=True, capture_output=True)
    equal((p.returncode, p.stdout), (1, ''))
    true('No such file' in p.stderr, p.stderr)


def op_decode_says_what_to_do_instead(lke):
    ng = vectors.pcapng([(0, p) for p in vectors.packets()], (101,))
    code, _, err, _ = decode(lke, vectors.pcap([bytes(60)], 147))
    equal(code, 0)
    true('1 of link types that lke does not know (147); record with: tcpdump -i any' in err, err)
    p = subprocess.run([lke, 'decode', '/tmp'], text=True, capture_output=True)
    equal(p.returncode, 1)
    true('Is a directory' in p.stderr, p.stderr)
    code, out, err, _ = decode(lke, ng[:-5])
    true(code == 1 and out and 'what is before it was read' in err, err)
    code, _, err, _ = decode(lke, vectors.pcap([bytes(60)], 1))
    true(code == 0 and 'nothing of LKE, Mobile IPv6 or Neighbor Discovery' in err, err)
    code, _, err, _ = decode(lke, ng, '--keylog', '/etc/passwd')
    true(code == 1 and '/etc/passwd:1: not a line of `lke keylog on FILE`; give the file that it wrote' in err, err)
    code, _, err, _ = decode(lke, ng, '--keylog', '/dev/null/x')
    true(code == 1 and 'Not a directory' in err, err)


def op_decode_reads_odd_frames(lke):
    """VLAN tags, trailing octets of Ethernet, each family of a loopback, frames cut anywhere: a message, or a word why not."""
    name, packet, _, _ = MESSAGES[5]
    ether, tag, qinq = bytes(12), b'\x81\0\0\1', b'\x88\xa8\0\2'
    frames = [ether + tags + b'\x86\xdd' + packet for tags in (b'', tag, qinq + tag)] + [ether + b'\x86\xdd' + packet + bytes(4)]
    equal([j['message'] for j in objects(lke, vectors.pcap(frames, 1))], [name] * 4)
    families = [n.to_bytes(4, order) + packet for n in (10, 24, 28, 30) for order in ('little', 'big')]
    equal([j['message'] for j in objects(lke, vectors.pcap(families, 0))], [name] * 8)
    for order in '<>':
        for magic, unit in ((0xA1B2C3D4, 1e-6), (0xA1B23C4D, 1e-9)):
            got = objects(lke, vectors.pcap([packet] * 3, 101, order, magic))
            equal([round((j['wall_time'] - 1700000000) / unit) if unit > 1e-8 else j['message'] for j in got],
                  [0, 1, 2] if unit > 1e-8 else [name] * 3)
    for size in range(len(packet)):
        cut = vectors.pcap([packet[:size]], 101)
        code, out, err, _ = decode(lke, cut[:36] + len(packet).to_bytes(4, 'little') + cut[40:])
        equal((size, code, out), (size, 0, ''))
        true('1 cut short by the capture; use tcpdump -s 0' in err or size == 0, (size, err))


def op_decode_draws_the_sequence(lke):
    frames = [(0, p) for p in vectors.packets()]
    code, _, err, svg = decode(lke, vectors.pcapng(frames, (101,)), '--svg', '@/out.svg')
    equal(code, 0)
    words = [t.text for t in ET.fromstring(svg).iter(NS + 'text')]
    for want in ('mobile node', 'router', '+0.000000', 'Key Exchange Request 1', 'Binding Update 4660'):
        true(want in words, f'{want} is not in {words}')
    # The same packets at a second interface are no further messages.
    twice = decode(lke, vectors.pcapng(frames + [(1, p) for p in vectors.packets()], (101, 101)), '--svg', '@/out.svg')[3]
    equal(twice.count('class="time"'), svg.count('class="time"'))


TESTS = [op_decode_names_every_message, op_manual_shows_what_decode_prints, op_decode_reads_every_link_type, op_decode_v_has_every_field,
         op_decode_shows_every_message_of_mobile_ipv6, op_decode_agrees_with_tshark, op_decode_says_what_to_do_instead, op_decode_reads_odd_frames,
         op_decode_verifies_with_a_key_log, op_decode_leaves_fmipv6_alone, op_decode_says_what_is_malformed,
         op_decode_broken_captures_are_clear_errors, op_decode_draws_the_sequence]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
