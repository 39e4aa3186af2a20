-- SPDX-License-Identifier: ISC
--
-- Wireshark and tshark dissector of Local Key Exchange for Mobile IPv6 (draft-liu-mobileip-lke-01).
--
--	tshark -X lua_script:lke.lua -r handover.pcapng -Y lke
--	tshark -X lua_script:lke.lua -o lke.keylog_file:keys -r handover.pcapng -Y 'lke.mac == "bad"'
--
-- or copy it to the personal plugins folder (Help, About, Folders).  The draft uses numbers that
-- others use too: Mobility Header types 8 to 10 are those of RFC 5568.  A message is taken for one
-- of LKE by its context only, so that captures of FMIPv6 stay what they are:
--	types 8, 9	between link-local addresses
--	type 10		with a Home Address option
--	mobility option 6 of length 6 in a Binding Acknowledgement
--	mobility option 18 of length 2 in a Binding Update
--	ND option 6 in a Router Advertisement with H, 7 in a Neighbor Solicitation, 8 in a Neighbor
--	Advertisement, the latter two of 48 octets
-- Everything else goes to Wireshark's own dissectors.  The key log is that of `lke keylog`.
--
-- In a Router Advertisement the LKE Capability stands twice: Wireshark's own dissector, whose fields are
-- kept, takes it for a Shortcut Limit of RFC 2491 and complains of unknown data.

local lke = Proto("lke", "Local Key Exchange for Mobile IPv6")

local MH, ICMPV6, HOPOPT, ROUTING, DSTOPTS = 135, 58, 0, 43, 60
local BU, BA, KEREQ, KEACK, FINISHED = 5, 6, 8, 9, 10
local RA, NS, NA = 134, 135, 136

lke.prefs.keylog_file = Pref.string("Key log file", "", "File of `lke keylog on FILE`; MACs are verified with its keys")

local message_names = {
	[BU] = "Binding Update", [BA] = "Binding Acknowledgement", [KEREQ] = "Key Exchange Request",
	[KEACK] = "Key Exchange Acknowledgement", [FINISHED] = "Finished",
}

local status_names = {
	[0] = "accepted", [1] = "accepted, prefix discovery necessary", [128] = "reason unspecified",
	[129] = "administratively prohibited", [130] = "insufficient resources",
	[131] = "home registration not supported", [132] = "not home subnet",
	[133] = "not home agent for this mobile node", [134] = "duplicate address detection failed",
	[135] = "sequence number out of window", [139] = "registration type change disallowed",
	[174] = "invalid care-of address",
}

local f = {
	message = ProtoField.string("lke.message", "Message"),
	sequence = ProtoField.uint16("lke.sequence", "Sequence number"),
	status = ProtoField.uint8("lke.status", "Status", base.DEC, status_names),
	lifetime = ProtoField.uint32("lke.lifetime", "Lifetime in seconds"),
	nonce = ProtoField.uint32("lke.nonce", "Nonce", base.HEX),
	ar = ProtoField.ipv6("lke.access_router", "Access router"),
	target = ProtoField.ipv6("lke.target", "Target"),
	coa = ProtoField.ipv6("lke.care_of_address", "Care-of address"),
	data = ProtoField.bytes("lke.key_exchange_data", "Key Exchange Data"),
	bits = ProtoField.uint16("lke.rsa_bits", "RSA modulus in bits"),
	key = ProtoField.bytes("lke.public_key", "Public key (SubjectPublicKeyInfo, padded)"),
	hmac = ProtoField.bytes("lke.hmac", "HMAC-SHA1"),
	request = ProtoField.bytes("lke.proof.request", "Request proof"),
	renewal = ProtoField.bytes("lke.proof.renewal", "Renewal proof"),
	auth = ProtoField.bytes("lke.authorization_data", "Binding Authorization Data"),
	respond = ProtoField.bool("lke.finished_request.r", "R"),
	leaving = ProtoField.bool("lke.leaving", "The sender is about to leave its link"),
	option = ProtoField.uint8("lke.option.type", "Option"),
	checksum = ProtoField.uint16("lke.checksum", "Checksum", base.HEX),
	mac = ProtoField.string("lke.mac", "MAC"),
}
lke.fields = f

local x = {
	hop = ProtoExpert.new("lke.expert.hop_limit", "Hop limit is not 255: lke drops this", expert.group.PROTOCOL,
		expert.severity.WARN),
	bad = ProtoExpert.new("lke.expert.mac_bad", "The MAC is wrong", expert.group.SECURITY, expert.severity.ERROR),
	refused = ProtoExpert.new("lke.expert.refused", "Refused", expert.group.RESPONSE_CODE, expert.severity.NOTE),
	unsigned = ProtoExpert.new("lke.expert.unsigned", "No Binding Authorization Data: authorized by nothing but its path",
		expert.group.SECURITY, expert.severity.NOTE),
	misplaced = ProtoExpert.new("lke.expert.misplaced", "Binding Authorization Data is not the last option",
		expert.group.PROTOCOL, expert.severity.ERROR),
	malformed = ProtoExpert.new("lke.expert.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR),
	weak = ProtoExpert.new("lke.expert.weak_key", "RSA key of less than 2048 bits", expert.group.SECURITY,
		expert.severity.NOTE),
	flag = ProtoExpert.new("lke.expert.no_h_flag", "LKE Capability without the H flag: hosts ignore it",
		expert.group.PROTOCOL, expert.severity.WARN),
	reserved = ProtoExpert.new("lke.expert.reserved", "Reserved is not zero", expert.group.PROTOCOL,
		expert.severity.NOTE),
	dereg = ProtoExpert.new("lke.expert.deregistration", "Lifetime 0: a deregistration", expert.group.SEQUENCE,
		expert.severity.CHAT),
}
lke.experts = { x.hop, x.bad, x.refused, x.unsigned, x.misplaced, x.malformed, x.weak, x.flag, x.reserved, x.dereg }

-- ------------------------------------------------------------------ SHA-1, RFC 3174; HMAC, RFC 2104
-- Wireshark 4.0 offers Lua no hash; later ones do, but not the same everywhere.

local bxor, band, bor, bnot, rol = bit32.bxor, bit32.band, bit32.bor, bit32.bnot, bit32.lrotate

local function word(n)
	return string.char(bit32.rshift(n, 24), band(bit32.rshift(n, 16), 255), band(bit32.rshift(n, 8), 255), band(n, 255))
end

local function round(t, b, c, d)
	if t < 20 then
		return bor(band(b, c), band(bnot(b), d)), 0x5a827999
	elseif t < 40 then
		return bxor(b, c, d), 0x6ed9eba1
	elseif t < 60 then
		return bor(band(b, c), band(b, d), band(c, d)), 0x8f1bbcdc
	end
	return bxor(b, c, d), 0xca62c1d6
end

local function sha1(text)
	local h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 }
	local w = {}

	text = text .. "\128" .. string.rep("\0", (55 - #text) % 64) .. word(0) .. word(8 * #text)
	for block = 1, #text, 64 do
		for t = 0, 15 do
			local p, q, r, s = text:byte(block + 4 * t, block + 4 * t + 3)

			w[t] = ((p * 256 + q) * 256 + r) * 256 + s
		end
		for t = 16, 79 do
			w[t] = rol(bxor(w[t - 3], w[t - 8], w[t - 14], w[t - 16]), 1)
		end
		local a, b, c, d, e = h[1], h[2], h[3], h[4], h[5]

		for t = 0, 79 do
			local v, k = round(t, b, c, d)

			a, b, c, d, e = (rol(a, 5) + v + e + w[t] + k) % 0x100000000, a, rol(b, 30), c, d
		end
		for n, v in ipairs({ a, b, c, d, e }) do
			h[n] = (h[n] + v) % 0x100000000
		end
	end
	return word(h[1]) .. word(h[2]) .. word(h[3]) .. word(h[4]) .. word(h[5])
end

local function hmac_sha1(key, text)
	local inner, outer = {}, {}

	key = key .. string.rep("\0", 64 - #key)
	for n = 1, 64 do
		inner[n] = string.char(bxor(key:byte(n), 0x36))
		outer[n] = string.char(bxor(key:byte(n), 0x5c))
	end
	return sha1(table.concat(outer) .. sha1(table.concat(inner) .. text))
end

-- ------------------------------------------------------------------ the key log

local keys, keys_of = nil, nil -- care-of address (16 octets) to a list of keys; the file they are of

local function unhex(text)
	return (text:gsub("..", function(two) return string.char(tonumber(two, 16)) end))
end

-- 16 octets of an address in text, or nil.
local function address_octets(text)
	local head, tail = text:match("^(.-)::(.*)$")
	local function words(part)
		local out = ""

		for group in part:gmatch("[^:]+") do
			local n = tonumber(group, 16)

			if not n or n > 0xffff then
				return nil
			end
			out = out .. word(n):sub(3)
		end
		return out
	end
	head, tail = words(head or text), words(tail or "")
	if not head or not tail or #head + #tail > 16 then
		return nil
	end
	return head .. string.rep("\0", 16 - #head - #tail) .. tail
end

local function load_keys()
	local path = lke.prefs.keylog_file

	if keys_of == path then
		return
	end
	keys, keys_of = {}, path
	if path == "" then
		return
	end
	local file, why = io.open(path, "r")

	if not file then
		report_failure("lke: key log: " .. why)
		return
	end
	for line in file:lines() do
		local coa, kbm = line:match("^LKE_KBM%s+(%S+)%s+%S+%s+(%x+)%s*$")
		local octets = coa and address_octets(coa)

		if octets and #kbm == 32 then
			keys[octets] = keys[octets] or {}
			table.insert(keys[octets], unhex(kbm))
		end
	end
	file:close()
end

function lke.prefs_changed()
	keys_of = nil
end

function lke.init()
	keys_of = nil -- a growing file is read again with its capture
end

-- "verified", "bad" or "no key"; input is built only when there is a key.
local function verdict(coa, mac, input)
	load_keys()
	local list = keys[coa]

	if not list then
		return "no key"
	end
	local text = input()

	for _, kbm in ipairs(list) do
		if hmac_sha1(kbm, text):sub(1, #mac) == mac then
			return "verified"
		end
	end
	return "bad"
end

local function add_verdict(item, range, v)
	if lke.prefs.keylog_file == "" then
		return
	end
	item:add(f.mac, range, v):set_generated()
	if v == "bad" then
		item:add_proto_expert_info(x.bad)
	end
end

-- ------------------------------------------------------------------ the packet around a message

local ipv6 = Field.new("ipv6")

-- The innermost IPv6 packet that holds tvb: its octets and addresses.  nil when there is none.
local function packet_of(tvb)
	local at = tvb:offset()

	for _, info in ipairs({ ipv6() }) do
		if info.offset < at and info.source:len() >= at + tvb:len() then
			local off = info.offset
			local raw = info.source:range(off, at + tvb:len() - off):raw()
			local p = { raw = raw, upper = at - off, src = raw:sub(9, 24), dst = raw:sub(25, 40), hop = raw:byte(8) }
			local nh, pos = raw:byte(7), 40

			while pos < p.upper and (nh == HOPOPT or nh == ROUTING or nh == DSTOPTS) do
				local len = 8 * (raw:byte(pos + 2) + 1)

				if pos + len > p.upper then
					break
				end
				if nh == ROUTING and raw:byte(pos + 3) == 2 then
					p.rh2 = raw:sub(pos + 9, pos + 24)
				elseif nh == DSTOPTS then
					local o = pos + 2

					while o < pos + len do
						local kind = raw:byte(o + 1)
						local n = kind == 0 and -1 or raw:byte(o + 2) or 0

						if kind == 0xc9 and n == 16 then
							p.hao = raw:sub(o + 3, o + 18)
						end
						o = o + 2 + n
					end
				end
				nh, pos = raw:byte(pos + 1), pos + len
			end
			if pos == p.upper then
				return p
			end
		end
	end
	return nil
end

local function is_link_local(a)
	return a:byte(1) == 0xfe and band(a:byte(2), 0xc0) == 0x80
end

-- The packet with these pieces, {offset, length}, zero; so are Traffic Class and Flow Label (AMB-030).
local function with_zeroes(p, pieces)
	local text, at = "\96\0\0\0", 4

	table.sort(pieces, function(a, b) return a[1] < b[1] end)
	for _, piece in ipairs(pieces) do
		text = text .. p.raw:sub(at + 1, piece[1]) .. string.rep("\0", piece[2])
		at = piece[1] + piece[2]
	end
	return text .. p.raw:sub(at + 1)
end

-- Wireshark's own dissector.  What it finds malformed it has marked; as an error of Lua it would show twice.
local function call(original, tvb, pinfo, tree)
	local good, taken = pcall(original.call, original, tvb, pinfo, tree)

	return good and taken or tvb:len()
end

-- ------------------------------------------------------------------ Mobility Headers

-- Mobility options from off on: {type, offset of the value, length}; nil after an overrun.
local function mobility_options(tvb, off)
	local list = {}

	while off < tvb:len() do
		local kind = tvb(off, 1):uint()

		if kind == 0 then
			off = off + 1
		else
			if off + 2 > tvb:len() or off + 2 + tvb(off + 1, 1):uint() > tvb:len() then
				return nil
			end
			local len = tvb(off + 1, 1):uint()

			if kind ~= 1 then
				table.insert(list, { type = kind, off = off + 2, len = len })
			end
			off = off + 2 + len
		end
	end
	return list
end

local function find_option(list, kind, len)
	for _, o in ipairs(list or {}) do
		if o.type == kind and o.len == len then
			return o
		end
	end
	return nil
end

local function add_status(tree, tvb, off)
	local item = tree:add(f.status, tvb(off, 1))

	if tvb(off, 1):uint() >= 128 then
		item:add_proto_expert_info(x.refused)
	end
end

local function add_lifetime(tree, tvb, off)
	local units = tvb(off, 2):uint()

	tree:add(f.lifetime, tvb(off, 2), units * 4)
	return units
end

-- Binding Authorization Data: the first 96 bits over source, destination, header without it (AMB-032).
local function add_authorization(tree, tvb, p, options, coa)
	local auth = find_option(options, 5, 12)

	if not auth then
		tree:add_proto_expert_info(x.unsigned)
		return
	end
	local item = tree:add(f.auth, tvb(auth.off, 12))

	if auth.off + 12 ~= tvb:len() then
		item:add_proto_expert_info(x.misplaced)
		return
	end
	local raw = tvb(0, tvb:len()):raw()

	add_verdict(item, tvb(auth.off, 12), verdict(coa, raw:sub(-12), function()
		return p.src .. p.dst .. raw:sub(1, 4) .. "\0\0" .. raw:sub(7, -13)
	end))
end

local function check_hop(tree, p)
	if p.hop ~= 255 then
		tree:add_proto_expert_info(x.hop)
	end
end

-- Only the receiver knows its modulus (AMB-014): the length behind which the lifetime option stands.
local function modulus_length(tvb)
	for k = math.min(512, tvb:len() - 12), 128, -1 do
		if tvb(8 + k, 2):uint() == 0x0302 and mobility_options(tvb, 8 + k) then
			return k
		end
	end
	return nil
end

local function add_proofs(tree, tvb, p, options)
	local pieces = { { p.upper + 4, 2 } }
	local request

	for _, o in ipairs(options) do
		if o.type == 18 and o.len == 22 then
			table.insert(pieces, { p.upper + o.off + 2, 20 })
		end
	end
	for _, o in ipairs(options) do
		if o.type == 18 and o.len == 22 then
			local sub = tvb(o.off, 1):uint()

			if sub == 2 then
				request = tree:add(f.request, tvb(o.off + 2, 20))
				add_verdict(request, tvb(o.off + 2, 20), verdict(p.hao or p.src, tvb(o.off + 2, 20):raw(), function()
					return with_zeroes(p, pieces)
				end))
			elseif sub == 1 then
				tree:add(f.renewal, tvb(o.off + 2, 20))
			end
		end
	end
end

local function dissect_kereq(tree, tvb, p)
	local k = modulus_length(tvb)

	check_hop(tree, p)
	tree:add(f.sequence, tvb(6, 2))
	if not k then
		tree:add_proto_expert_info(x.malformed)
		return ""
	end
	tree:add(f.bits, tvb(8, k), k * 8):set_generated()
	tree:add(f.data, tvb(8, k))
	local options = mobility_options(tvb, 8 + k)
	local life = find_option(options, 3, 2)

	tree:add(f.lifetime, tvb(life.off, 2), tvb(life.off, 2):uint())
	if k < 256 then
		tree:add_proto_expert_info(x.weak)
	end
	add_proofs(tree, tvb, p, options)
	return string.format(", RSA %d", k * 8)
end

local function dissect_keack(tree, tvb, p)
	local options = mobility_options(tvb, 12)
	local ar, mac = find_option(options, 4, 16), find_option(options, 5, 20)

	check_hop(tree, p)
	add_status(tree, tvb, 6)
	tree:add(f.sequence, tvb(8, 2))
	add_lifetime(tree, tvb, 10)
	if not ar or not mac then
		tree:add_proto_expert_info(x.malformed)
		return ""
	end
	tree:add(f.ar, tvb(ar.off, 16))
	local item = tree:add(f.hmac, tvb(mac.off, 20))

	add_verdict(item, tvb(mac.off, 20), verdict(p.rh2 or p.dst, tvb(mac.off, 20):raw(), function()
		return with_zeroes(p, { { p.upper + 4, 2 }, { p.upper + mac.off, 20 } })
	end))
	return string.format(", status %d", tvb(6, 1):uint())
end

local function dissect_finished(tree, tvb, p)
	add_status(tree, tvb, 6)
	tree:add(f.sequence, tvb(8, 2))
	add_lifetime(tree, tvb, 10)
	tree:add(f.nonce, tvb(12, 4))
	add_authorization(tree, tvb, p, mobility_options(tvb, 16), p.hao)
	return ""
end

local function dissect_ba(tree, tvb, p)
	local options = mobility_options(tvb, 12)
	local request = find_option(options, 6, 6)

	add_status(tree, tvb, 6)
	tree:add(f.sequence, tvb(8, 2))
	add_lifetime(tree, tvb, 10)
	if request then
		local sub = tree:add(tvb(request.off - 2, 8), "Finished Message Request")

		sub:add(f.respond, tvb(request.off, 1), tvb(request.off, 1):uint() >= 128)
		sub:add(f.nonce, tvb(request.off + 2, 4))
	end
	add_authorization(tree, tvb, p, options, p.rh2 or p.dst)
	return string.format(", status %d%s", tvb(6, 1):uint(), request and ", Finished requested" or "")
end

local function dissect_bu(tree, tvb, p)
	local options = mobility_options(tvb, 12)
	local move = find_option(options, 18, 2)
	local leaving = move and tvb(move.off, 1):uint() == 3

	tree:add(f.sequence, tvb(6, 2))
	if add_lifetime(tree, tvb, 10) == 0 then
		tree:add_proto_expert_info(x.dereg)
	end
	if leaving then
		tree:add(f.leaving, tvb(move.off - 2, 4), true)
	end
	add_authorization(tree, tvb, p, options, p.hao or p.src)
	return leaving and ", leaving" or ""
end

local dissect_mh = {
	[BU] = dissect_bu, [BA] = dissect_ba, [KEREQ] = dissect_kereq, [KEACK] = dissect_keack,
	[FINISHED] = dissect_finished,
}
-- Octets that the fixed part has.
local mh_min = { [BU] = 12, [BA] = 12, [KEREQ] = 144, [KEACK] = 56, [FINISHED] = 16 }

-- Is the Mobility Header one of LKE, told by its context?
local function is_lke(tvb, kind, p)
	if kind == KEREQ or kind == KEACK then
		return is_link_local(p.src) and is_link_local(p.dst)
	end
	if kind == FINISHED then
		return p.hao ~= nil
	end
	-- Home registrations are inside ESP, those with a correspondent have Nonce Indices.
	return kind == BA or not find_option(mobility_options(tvb, 12), 4, 4)
end

local function coa_of(kind, p)
	return (kind == KEACK or kind == BA) and (p.rh2 or p.dst) or p.hao or p.src
end

local function dissect_message(tvb, pinfo, tree, p, kind)
	local sub = tree:add(lke, tvb(0, tvb:len()), "Local Key Exchange for Mobile IPv6: " .. message_names[kind])
	local coa = ByteArray.new(coa_of(kind, p), true):tvb("Care-of address")

	sub:add(f.message, tvb(2, 1), message_names[kind])
	sub:add(f.checksum, tvb(4, 2))
	sub:add(f.coa, coa(0, 16)):set_generated()
	return dissect_mh[kind](sub, tvb, p)
end

local original_mh = DissectorTable.get("ip.proto"):get_dissector(MH)
local mh = Proto("lke_mh", "Mobility Header with LKE")

function mh.dissector(tvb, pinfo, tree)
	local p = tvb:len() >= 8 and packet_of(tvb) or nil
	local kind = p and tvb(2, 1):uint() or -1
	local whole = p and tvb:len() == 8 * (tvb(1, 1):uint() + 1) and mh_min[kind] and tvb:len() >= mh_min[kind]

	if not whole or not is_lke(tvb, kind, p) then
		return call(original_mh, tvb, pinfo, tree)
	end
	local request = kind == BA and find_option(mobility_options(tvb, 12), 6, 6)

	-- Wireshark's own dissection of what RFC 6275 has stays, with its fields.
	if kind == BU or (kind == BA and not request) then
		call(original_mh, tvb, pinfo, tree)
		dissect_message(tvb, pinfo, tree, p, kind)
		return tvb:len()
	end
	pinfo.cols.protocol = "LKE"
	pinfo.cols.info = message_names[kind] .. dissect_message(tvb, pinfo, tree, p, kind)
	return tvb:len()
end

-- ------------------------------------------------------------------ Neighbor Discovery

-- The first ND option of this type and, unless len is nil, of this length: offset and octets.
local function nd_option(tvb, off, kind, len)
	while off + 8 <= tvb:len() do
		local n = 8 * tvb(off + 1, 1):uint()

		if n == 0 or off + n > tvb:len() then
			return nil
		end
		if tvb(off, 1):uint() == kind and (not len or n == len) then
			return off, n
		end
		off = off + n
	end
	return nil
end

-- Bits of the modulus in a SubjectPublicKeyInfo, 0 when there is none: its first long INTEGER has a zero in front.
local function rsa_bits(raw)
	local long, short = raw:find("\2\130", 1, true), raw:find("\2\129", 1, true)

	if long and long + 3 <= #raw then
		return 8 * (raw:byte(long + 2) * 256 + raw:byte(long + 3) - 1)
	end
	return short and short + 2 <= #raw and 8 * (raw:byte(short + 2) - 1) or 0
end

local function dissect_capability(tvb, tree, off, len)
	local sub = tree:add(lke, tvb(off, len), "Local Key Exchange for Mobile IPv6: LKE Capability")
	local bits = rsa_bits(tvb(off + 4, len - 4):raw())

	sub:add(f.message, tvb(off, 1), "LKE Capability")
	sub:add(f.lifetime, tvb(off + 2, 2), tvb(off + 2, 2):uint())
	if len > 4 then
		sub:add(f.key, tvb(off + 4, len - 4))
	end
	sub:add(f.bits, tvb(off, len), bits):set_generated()
	if bits > 0 and bits < 2048 then
		sub:add_proto_expert_info(x.weak)
	end
	if band(tvb(5, 1):uint(), 0x20) == 0 then
		sub:add_proto_expert_info(x.flag)
	end
end

local function dissect_authentication(tvb, pinfo, tree, p, kind, off)
	local name = kind == NS and "DAD NS + Authentication Request" or "NA + Authentication Reply"
	local sub = tree:add(lke, tvb(0, tvb:len()), "Local Key Exchange for Mobile IPv6: " .. name)

	sub:add(f.message, tvb(0, 1), name)
	sub:add(f.checksum, tvb(2, 2))
	sub:add(f.target, tvb(8, 16))
	local option = sub:add(tvb(off, 48), kind == NS and "DAD Authentication Request" or "DAD Authentication Reply")

	option:add(f.option, tvb(off, 1))
	option:add(f.nonce, tvb(off + 4, 4))
	option:add(f.ar, tvb(off + 8, 16))
	local item = option:add(f.hmac, tvb(off + 24, 20))

	if tvb(off + 2, 2):uint() ~= 0 then
		option:add_proto_expert_info(x.reserved)
	end
	check_hop(sub, p)
	add_verdict(item, tvb(off + 24, 20), verdict(tvb(8, 16):raw(), tvb(off + 24, 20):raw(), function()
		return with_zeroes(p, { { p.upper + 2, 2 }, { p.upper + off + 24, 20 } })
	end))
	pinfo.cols.protocol = "LKE"
	pinfo.cols.info = name .. " for " .. tostring(tvb(8, 16):ipv6())
end

local original_icmp = DissectorTable.get("ip.proto"):get_dissector(ICMPV6)
local nd = Proto("lke_nd", "Neighbor Discovery with LKE")

function nd.dissector(tvb, pinfo, tree)
	local kind = tvb:len() >= 16 and tvb(0, 1):uint() or -1

	if kind == RA then
		local off, len = nd_option(tvb, 16, 6)

		call(original_icmp, tvb, pinfo, tree)
		if off then
			dissect_capability(tvb, tree, off, len)
			pinfo.cols.info:append(", LKE Capability")
		end
		return tvb:len()
	end
	if (kind == NS or kind == NA) and tvb:len() >= 24 + 48 then
		local off = nd_option(tvb, 24, kind == NS and 7 or 8, 48)
		local p = off and packet_of(tvb)

		if p then
			dissect_authentication(tvb, pinfo, tree, p, kind, off)
			return tvb:len()
		end
	end
	return call(original_icmp, tvb, pinfo, tree)
end

DissectorTable.get("ip.proto"):add(MH, mh)
DissectorTable.get("ip.proto"):add(ICMPV6, nd)
