// SPDX-License-Identifier: ISC
// The live page: objects of `lke show -j` and `lke monitor -j` come as Server-Sent Events.
"use strict";

const WINDOW = 120;	// seconds of the strip
const EVENTS = 200;	// lines kept
const nodes = new Map();	// name -> {up, show}
const moves = [];	// {t, node, ms, what}
const $ = (id) => document.getElementById(id);

function el(name, attributes, ...children) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
	e.append(...children);
	return e;
}

const is = (node, role) => node.show && node.show.roles.includes(role);
const short = (address) => address.length > 22 ? address.slice(0, 10) + "…" + address.slice(-9) : address;

// The daemons of this page by the link-layer address of their interfaces: a router of a mobile node is found so.
function byLinkLayer() {
	const of = new Map();
	for (const [name, n] of nodes)
		for (const i of (n.show && n.show.interfaces) || [])
			if (i.link_layer) of.set(i.link_layer, name);
	return of;
}

// Mobile nodes under each router: daemons of their own by their chosen router, others by the router's LBSAs.
function mobiles() {
	const of = byLinkLayer(), under = new Map(), known = new Set(), tunnels = [];
	const put = (router, m) => under.set(router, [...(under.get(router) || []), m]);
	for (const [name, n] of nodes) {
		if (!is(n, "mobile-node")) continue;
		for (const i of n.show.interfaces) known.add(i.link_layer);
		const chosen = n.show.routers.find((r) => r.chosen);
		const at = chosen && of.get(chosen.link_layer);
		put(at || "", { name, kind: n.up ? "local" : "down" });
		for (const b of n.show.bindings)
			if (at && b.state === "forwarding") tunnels.push({ mobile: name, at, agent: b.agent });
	}
	for (const [name, n] of nodes) {
		if (!is(n, "access-router")) continue;
		for (const l of n.show.lbsas)
			if (l.role === "access-router" && l.state === "valid" && !known.has(l.peer_link_layer))
				put(name, { name: short(l.care_of_address), kind: l.bound ? "away" : "here" });
	}
	return { under, tunnels };
}

// Which daemon is the agent of a binding: the one that has it in its binding cache.
function holder(agent, mobile) {
	for (const [name, n] of nodes)
		if (name !== mobile && n.show && n.show.bindings.some((b) => b.agent === agent)) return name;
	return null;
}

function drawTopology() {
	const svg = $("topology"), width = 1040, step = 170;
	const routers = [...nodes].filter(([, n]) => !n.show || is(n, "access-router") || is(n, "home-agent"));
	const { under, tunnels } = mobiles();
	const place = new Map(), spots = new Map();
	const rows = Math.max(2, ...[...under.values()].map((m) => Math.min(m.length, 9)));
	const height = 140 + rows * 20;
	const left = Math.max(20, (width - routers.length * step) / 2);
	svg.replaceChildren();
	svg.setAttribute("viewBox", `0 0 ${Math.max(width, routers.length * step + 40)} ${height}`);
	routers.forEach(([name, n], i) => {
		const x = left + i * step, s = n.show;
		place.set(name, x + 70);
		svg.append(el("rect", { x, y: 34, width: 140, height: 52, rx: 6, class: n.up ? "box" : "box down" }),
			el("text", { x: x + 10, y: 54 }, name),
			el("text", { x: x + 10, y: 74, class: "faint" }, !n.up ? "does not answer" :
				s.roles.filter((r) => r !== "mobile-node").join(", ")),
			el("path", { d: `M${x + 70} 86 V${96}`, class: "wire" }));
		const valid = s ? s.lbsas.filter((l) => l.state === "valid").length : 0;
		if (s && is(n, "access-router"))
			svg.append(el("text", { x: x + 10, y: 26, class: "faint" }, `LBSAs ${valid}  bindings ${s.bindings.length}`));
		(under.get(name) || []).forEach((m, k) => {
			const y = 108 + Math.min(k, 9) * 20;
			if (k === 9) {
				svg.append(el("text", { x: x + 32, y, class: "faint" }, `and ${under.get(name).length - 9} more`));
			} else if (k < 9) {
				spots.set(m.name, { x: x + 20, y });
				svg.append(el("circle", { cx: x + 20, cy: y, r: 6, class: m.kind }),
					el("text", { x: x + 32, y: y + 4 }, m.name));
			}
		});
	});
	for (const t of tunnels) {
		const from = place.get(holder(t.agent, t.mobile)), to = spots.get(t.mobile);
		if (from && to)
			svg.append(el("path", { class: "tunnel", d: `M${from} 86 C${from} ${to.y + 60} ${to.x} ${to.y + 70} ${to.x} ${to.y + 8}` }));
	}
	const lost = under.get("") || [];
	if (lost.length)
		svg.append(el("text", { x: 20, y: height - 10, class: "faint" },
			"on no link of these routers: " + lost.map((m) => m.name).join(", ")));
}

function drawStrip() {
	const svg = $("strip"), width = 1040, now = Date.now() / 1000;
	while (moves.length && moves[0].t < now - WINDOW) moves.shift();
	const lanes = [...new Set([...[...nodes].filter(([, n]) => is(n, "mobile-node")).map(([k]) => k),
		...moves.map((m) => m.node)])];
	const height = 40 + Math.max(1, lanes.length) * 26;
	const x = (t) => 130 + (width - 190) * (1 - (now - t) / WINDOW);
	svg.replaceChildren();
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	for (let s = 0; s <= WINDOW; s += 20)
		svg.append(el("path", { d: `M${x(now - s)} 10 V${height - 22}`, class: "axis" }),
			el("text", { x: x(now - s) - 12, y: height - 6, class: "faint" }, s ? `-${s} s` : "now"));
	lanes.forEach((lane, i) => {
		const y = 16 + i * 26;
		svg.append(el("text", { x: 12, y: y + 10 }, short(lane)));
		for (const m of moves.filter((m) => m.node === lane)) {
			/* One that just happened has its figure on the left, clear of the line of now. */
			const left = now - m.t < 10;
			svg.append(el("path", { class: "mark" + (m.ms > 50 ? " gap" : ""), d: `M${x(m.t)} ${y - 4} v18` },
				el("title", {}, m.what)),
				el("text", { x: x(m.t) + (left ? -4 : 4), y: y + 10, class: "faint", "text-anchor": left ? "end" : "start" },
					m.ms ? m.ms.toFixed(1) + " ms" : ""));
		}
	});
}

function summary() {
	const up = [...nodes.values()].filter((n) => n.up);
	const count = (f) => up.reduce((sum, n) => sum + f(n.show), 0);
	const some = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
	$("summary").textContent = `${up.length} of ${some(nodes.size, "daemon")}, ` +
		some(count((s) => s.lbsas.filter((l) => l.role === "access-router" && l.state === "valid").length), "LBSA") + ", " +
		some(count((s) => s.bindings.filter((b) => b.role !== "mobile-node").length), "binding");
}

function redraw() {
	drawTopology();
	drawStrip();
	summary();
}

function onEvent(node, e) {
	const line = document.createElement("li"), list = $("events");
	const t = e.wall_time || Date.now() / 1000;
	if (e.event === "handover")
		moves.push({ t, node, ms: e.value / 1e6, what: e.text });
	else if (e.event === "binding" && e.role === "access-router" && ![...nodes.values()].some((n) => is(n, "mobile-node")))
		moves.push({ t, node: e.address, ms: 0, what: e.text });
	line.textContent = `${new Date(t * 1000).toLocaleTimeString()}  ${node.padEnd(8)} ${e.text || e.event}`;
	line.className = e.event;
	list.prepend(line);
	while (list.children.length > EVENTS) list.lastChild.remove();
	drawStrip();
}

const source = new EventSource("events");
const on = (type, f) => source.addEventListener(type, (m) => {
	const { node, data } = JSON.parse(m.data);
	f(node, data);
});
on("state", (node, show) => { nodes.set(node, { up: true, show }); redraw(); });
on("up", (node) => { nodes.set(node, { ...nodes.get(node), up: true }); });
on("down", (node) => { nodes.set(node, { ...nodes.get(node), up: false }); redraw(); });
on("event", onEvent);
source.onerror = () => { $("summary").textContent = "lke serve does not answer; trying again"; };
setInterval(drawStrip, 1000);
