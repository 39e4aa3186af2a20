# SPDX-License-Identifier: ISC
"""Messages of Mobile IPv6 and Neighbor Discovery made from the RFCs alone, one of each type, with their options."""
import ipaddress
import struct

MOBILE, AGENT, COA = '2001:db8:1::b01', '2001:db8:1::1', '2001:db8:2::b01'
SOLICITED, ALL_NODES, ALL_ROUTERS = 'ff02::1:ff00:b01', 'ff02::1', 'ff02::2'
LINK_AGENT, LINK_MOBILE = 'fe80::1', 'fe80::b01'


def octets(address):
    return ipaddress.IPv6Address(address).packed


def checksum(source, destination, protocol, data):
    whole = octets(source) + octets(destination) + struct.pack('>II', len(data), protocol) + data + bytes(len(data) % 2)
    total = sum(struct.unpack(f'>{len(whole) // 2}H', whole))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff ^ total


def ip6(source, destination, protocol, data, hops=255):
    return struct.pack('>IHBB', 6 << 28, len(data), protocol, hops) + octets(source) + octets(destination) + data


def mh(kind, body, source=MOBILE, destination=AGENT):
    pad = -(len(body) + 6) % 8
    body += b'' if pad == 0 else b'\0' if pad == 1 else option(1, bytes(pad - 2))
    data = bytes((59, (len(body) + 6) // 8 - 1, kind, 0, 0, 0)) + body
    total = checksum(source, destination, 135, data)
    return ip6(source, destination, 135, data[:4] + total.to_bytes(2, 'big') + data[6:], 64)


def icmp(kind, body, source, destination, hops=255):
    data = bytes((kind, 0, 0, 0)) + body
    total = checksum(source, destination, 58, data)
    return ip6(source, destination, 58, data[:2] + total.to_bytes(2, 'big') + data[4:], hops)


def option(kind, data):
    return bytes((kind, len(data))) + data


COOKIE, TOKEN = bytes.fromhex('0123456789abcdef'), bytes.fromhex('fedcba9876543210')
AUTH = option(5, bytes(range(12)))
BU = struct.pack('>HHH', 4660, 0xC000, 900)
PREFIX = bytes((3, 4, 64, 0xE0)) + struct.pack('>III', 3600, 1800, 0) + octets('2001:db8:1::1')
LLADDR = bytes.fromhex('0101020000000a01')

# (name, packet, words of its line, fields of -v); the words of a field are "NAME VALUE".
MESSAGES = [
    ('Binding Refresh Request', mh(0, bytes(2), AGENT, MOBILE), [f'for {MOBILE}'], []),
    ('Home Test Init', mh(1, bytes(2) + COOKIE), ['cookie 0123456789abcdef'], ['init_cookie 0123456789abcdef']),
    ('Care-of Test Init', mh(2, bytes(2) + COOKIE, COA), [f'{COA} -> {AGENT}'], ['init_cookie 0123456789abcdef']),
    ('Home Test', mh(3, struct.pack('>H', 77) + COOKIE + TOKEN, AGENT, MOBILE), ['nonce index 77'],
     ['nonce_index 77', 'init_cookie 0123456789abcdef', 'keygen_token fedcba9876543210']),
    ('Care-of Test', mh(4, struct.pack('>H', 78) + COOKIE + TOKEN, AGENT, COA), ['nonce index 78'], ['nonce_index 78']),
    ('Binding Update', mh(5, BU + b'\1\0' + option(3, octets(COA))), ['seq 4660', 'lifetime 3600s'],
     ['flags A H', f'alternate_care_of_address {COA}']),
    ('Binding Update', mh(5, BU + option(4, struct.pack('>HH', 7, 8)) + AUTH), ['seq 4660'],
     ['nonce_indices 7 8', 'binding_authorization_data 000102030405060708090a0b']),
    ('Binding Update', mh(5, BU + option(8, b'\1me@example')), ['seq 4660'], ['other_option 8: 016d65406578616d706c65']),
    ('Binding Acknowledgement', mh(6, bytes((135, 0x80)) + struct.pack('>HH', 4660, 900) + option(2, struct.pack('>H', 100)), AGENT, MOBILE),
     ['status 135', 'seq 4660', 'lifetime 3600s'], ['refresh_advice 400s', 'flags K']),
    ('Binding Error', mh(7, bytes((1, 0)) + octets(MOBILE), AGENT, COA), ['status 1', MOBILE], ['status 1', f'home_address {MOBILE}']),
    ('Home Agent Address Discovery Request', icmp(144, struct.pack('>HH', 17, 0), COA, '2001:db8:1:0:fdff:ffff:ffff:fffe'), ['id 17'],
     ['identifier 17']),
    ('Home Agent Address Discovery Reply', icmp(145, struct.pack('>HH', 17, 0) + octets(AGENT), AGENT, COA),
     [f'home agents {AGENT}'], [f'home_agent {AGENT}']),
    ('Mobile Prefix Solicitation', icmp(146, struct.pack('>HH', 18, 0), COA, AGENT), ['id 18'], ['identifier 18']),
    ('Mobile Prefix Advertisement', icmp(147, struct.pack('>HH', 18, 0x8000) + PREFIX, AGENT, COA), ['id 18', 'prefix 2001:db8:1::1/64'],
     ['flags M', 'prefix 2001:db8:1::1/64', 'prefix_valid 3600s']),
    ('Router Solicitation', icmp(133, bytes(4) + LLADDR, LINK_MOBILE, ALL_ROUTERS), [f'{LINK_MOBILE} -> ff02::2'],
     ['link_layer_address 02:00:00:00:0a:01']),
    ('Router Advertisement', icmp(134, struct.pack('>BBHII', 64, 0x20, 1800, 0, 0) + LLADDR + PREFIX + bytes.fromhex('1801300800000708')
                                  + bytes((7, 1, 0, 0)) + struct.pack('>I', 3000) + struct.pack('>BBHHH', 8, 1, 0, 5, 1800), LINK_AGENT, ALL_NODES),
     ['lifetime 1800s', 'home agent', 'prefix 2001:db8:1::1/64'],
     ['flags H', 'advertisement_interval 3000ms', 'home_agent_preference 5', 'home_agent_lifetime 1800s', 'other_option 24: 300800000708']),
    ('Neighbor Solicitation', icmp(135, bytes(4) + octets(MOBILE) + LLADDR, LINK_AGENT, SOLICITED), [f'for {MOBILE}'], [f'target {MOBILE}']),
    ('Neighbor Advertisement', icmp(136, struct.pack('>I', 0xE0000000) + octets(MOBILE) + b'\2' + LLADDR[1:], MOBILE, LINK_AGENT),
     [f'for {MOBILE}'], ['flags R S O']),
    ('DAD Neighbor Solicitation', icmp(135, bytes(4) + octets(MOBILE) + bytes.fromhex('0e01010203040506'),
                                       '::', SOLICITED), [f'for {MOBILE}'], ['nonce_option 010203040506']),
]
