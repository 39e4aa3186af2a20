# SPDX-License-Identifier: ISC
"""Where packets were lost: counters of every node's interfaces, IPv6, UDP and packet sockets and of its daemon, and of the
machine's own receive queues.  For whoever has to explain a run that lost some; nothing is judged by them."""
import json
import re

SNMP = ("Ip6InDiscards", "Ip6OutDiscards", "Ip6OutNoRoutes", "Ip6InNoRoutes", "Ip6InAddrErrors", "Ip6InTruncatedPkts",
	"Udp6RcvbufErrors", "Udp6SndbufErrors", "Udp6NoPorts")


def _machine():
	"""Of all namespaces: packets that the queue of a processor had no room for, how often its time slice was too short, and
	packets that waited for a neighbour's link-layer address and had to give way."""
	with open("/proc/net/softnet_stat") as f:
		rows = [[int(x, 16) for x in line.split()] for line in f]
	with open("/proc/net/stat/ndisc_cache") as f:
		names, *cpus = (line.split() for line in f)
	waited = names.index("unresolved_discards")
	return {"machine: backlog dropped": sum(r[1] for r in rows), "machine: time squeezed": sum(r[2] for r in rows),
		"machine: neighbour queues dropped": sum(int(c[waited], 16) for c in cpus)}


def _links(node):
	out = {}
	for link in json.loads(node.show("-s", "-j", "link", "show")):
		stats = link.get("stats64") or {}
		for way in ("rx", "tx"):
			for what in ("dropped", "errors", "over_errors"):
				if stats.get(way, {}).get(what):
					out["%s %s_%s" % (link["ifname"], way, what)] = stats[way][what]
	return out


def _snmp(node):
	rows = (line.split() for line in node.run("cat", "/proc/net/snmp6").splitlines())
	return {r[0]: int(r[1]) for r in rows if r[0] in SNMP and int(r[1])}


def _sockets(node):
	"""Of packet sockets, whose queue was full."""
	drops = re.findall(r"skmem:\([^)]*,d(\d+)\)", node.run("ss", "-0", "-a", "-m", "-n", "-H", check=False))
	return {"packet sockets dropped": sum(map(int, drops))}


def _daemon(d):
	shown = d.show("counters") or {}
	out = {"drop " + k: v for k, v in (shown.get("drops") or {}).items()}
	counters = shown.get("counters") or {}
	for k in ("send_errors", "kernel_errors", "requests_lost", "monitor_overruns"):
		out[k] = counters.get(k, 0)
	for k, v in (counters.get("plane") or {}).items():
		if k in ("send_errors", "unmatched", "buffered", "flushed", "buffer_on_link", "fast_packets", "fast_refused", "direct"):
			out["plane " + k] = v
	return out


def snapshot(story):
	"""{where and what: count}"""
	fleet = story.fleet
	daemons = {d.name: d for d in (fleet.mn, fleet.ha, *fleet.ar.values())}
	out = _machine()
	for name, node in story.lab.nodes.items():
		got = {**_links(node), **_snmp(node), **_sockets(node)}
		if name in daemons:
			got.update(_daemon(daemons[name]))
		out.update({"%s: %s" % (name, k): v for k, v in got.items()})
	return out


def between(before, after):
	"""What grew, as lines."""
	return ["%s +%d" % (k, v - before.get(k, 0)) for k, v in sorted(after.items()) if v > before.get(k, 0)]
