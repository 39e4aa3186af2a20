#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""managers.py: a mobile node beside a running systemd-networkd and NetworkManager, with the files of docs/MOBILE.md.

It changes the machine it runs on, so it runs in the guest of kernel.py or in the container of container.py only:

    make lab TEST=managers                      this kernel
    make lab KERNEL=debian TEST=managers        Debian's kernel

NetworkManager is left out, and that is said, where it is not installed.
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

from service import Failed, MN, CONF, SLOW, ask, installed_from_build, say, show, true, wait_for, write

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The table of docs/MOBILE.md.
FILES = {
	"networkmanager/90-lke.conf": "/etc/NetworkManager/conf.d/90-lke.conf",
	"systemd-networkd/10-lke.network": "/etc/systemd/network/10-lke.network",
	"systemd-networkd/lke-networkd.conf": "/etc/systemd/networkd.conf.d/lke.conf",
}
# Somebody who wants every interface.
GREEDY = "[Match]\nName=wlan0 lan0\n[Network]\nIPv6AcceptRA=yes\nAddress=192.0.2.1/24\n"


def give_file(name):
	with open(os.path.join(ROOT, "packaging", name)) as f:
		write(FILES[name], f.read(), 0o644)


def network():
	"""wlan0 of a mobile node here, its router in a namespace; lan0 is for the managers."""
	for command in ("ip netns add ar", "ip link add wlan0 index 78 type veth peer name far0 index 77", "ip link set far0 netns ar",
			"ip netns exec ar ip link set far0 name wlan0", "ip netns exec ar ip link set lo up",
			"ip netns exec ar sysctl -qw net.ipv6.conf.all.forwarding=1", "ip netns exec ar ip link set wlan0 up",
			"ip netns exec ar ip address add 2001:db8:1::1/64 dev wlan0 nodad",
			"ip link add lan0 index 80 type veth peer name lan1 index 79", "ip link set lan1 up", "ip link set lan0 up",
			"ip link set wlan0 up"):
		ask(*command.split())


def router():
	write("/etc/lke-ar/lke.conf", "[AccessRouter]\nInterface = wlan0\n")
	return subprocess.Popen(["ip", "netns", "exec", "ar", "lked", "-c", "/etc/lke-ar/lke.conf", "--state", "/var/lib/lke-ar",
		"--run", "/run/lke-ar"], stdout=open("/run/ar.log", "w"), stderr=subprocess.STDOUT)


def of_networkd(dev):
	"""What systemd-networkd says it does with an interface."""
	try:
		with open("/run/systemd/netif/links/%d" % socket.if_nametoindex(dev)) as f:
			return dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line).get("ADMIN_STATE")
	except OSError:
		return None


def of_networkmanager(dev):
	return dict(line.split(":") for line in ask("nmcli", "-t", "-f", "DEVICE,STATE", "device").splitlines()).get(dev)


def of_lked():
	"""Rules, routes and addresses of the mobile node in the kernel, without what counts down."""
	text = "\n".join((ask("ip", "-6", "rule"), ask("ip", "-6", "route", "show", "table", "all"),
		ask("ip", "-6", "address", "show", "dev", "wlan0")))
	return sorted(re.sub(r"expires \S+|valid_lft \S+|preferred_lft \S+|pref \S+", "", line).strip() for line in text.splitlines()
		if "lan0" not in line.replace("wlan0", "") and "lan1" not in line)


def said_by_doctor(name):
	"""The findings of `lke doctor` about a manager that are not well."""
	return [c for c in json.loads(ask("lke", "doctor", "-j", code=None))["checks"] if c["check"] == name and c["verdict"] != "ok"]


def stays(what, act):
	"""The mobile node's things in the kernel, and its LBSA, are after that what they were before."""
	before, lbsas = of_lked(), show()["lbsas"]
	act()
	time.sleep(1 * SLOW)	# for a manager that comes back to it
	after = of_lked()
	true(before == after, "%s: gone %s, new %s" % (what, sorted(set(before) - set(after)), sorted(set(after) - set(before))))
	true([l["care_of_address"] for l in lbsas] == [l["care_of_address"] for l in show()["lbsas"]], what + ": another LBSA")


def networkd_leaves_it_alone():
	"""systemd-networkd with the files of the table."""
	write("/etc/systemd/network/80-all.network", GREEDY, 0o644)
	give_file("systemd-networkd/10-lke.network")
	give_file("systemd-networkd/lke-networkd.conf")
	ask("systemctl", "start", "systemd-networkd")
	wait_for(lambda: of_networkd("lan0") == "configured", 30, "lan0 of networkd: %s" % of_networkd("lan0"))
	true(of_networkd("wlan0") == "unmanaged", of_networkd("wlan0"))


def mobile_node_attaches():
	write(CONF, MN, 0o644)
	ask("systemctl", "enable", "--now", "lked")
	wait_for(lambda: any(l["state"] == "valid" for l in show()["lbsas"]), 30, "valid LBSA")


def networkd_restarts():
	stays("restart of networkd", lambda: (ask("systemctl", "restart", "systemd-networkd"),
		wait_for(lambda: of_networkd("lan0") == "configured", 30, "lan0 again")))
	stays("networkctl reload", lambda: ask("networkctl", "reload"))
	stays("another interface", lambda: ask("networkctl", "reconfigure", "lan0"))
	true(not said_by_doctor("systemd-networkd"), said_by_doctor("systemd-networkd"))


def networkd_would_take_it():
	"""Without the file it takes the interface, and lke doctor says so; with it again, no more."""
	os.unlink(FILES["systemd-networkd/10-lke.network"])
	ask("networkctl", "reload")
	wait_for(lambda: of_networkd("wlan0") == "configured", 30, "wlan0 of networkd: %s" % of_networkd("wlan0"))
	found = said_by_doctor("systemd-networkd")
	true(len(found) == 1 and found[0]["verdict"] == "fail" and "wlan0" in found[0]["found"] and found[0]["remedy"], found)
	give_file("systemd-networkd/10-lke.network")
	ask("networkctl", "reload")
	wait_for(lambda: of_networkd("wlan0") == "unmanaged", 30, "wlan0 free: %s" % of_networkd("wlan0"))
	true(not said_by_doctor("systemd-networkd"), said_by_doctor("systemd-networkd"))
	ask("systemctl", "stop", "systemd-networkd", "systemd-networkd.socket")
	lked_anew()


def lked_anew():
	"""What a manager did to the interface is over, and so is what the mobile node does at its start."""
	ask("systemctl", "restart", "lked")
	was = None
	while was != (now := (of_lked(), [(l["care_of_address"], l["state"]) for l in show()["lbsas"]])):
		was = now
		time.sleep(2 * SLOW)
	true({s for _, s in now[1]} == {"valid"}, now)


def networkmanager_leaves_it_alone():
	give_file("networkmanager/90-lke.conf")
	# Wired interfaces of veth are nobody's by default.
	write("/etc/NetworkManager/conf.d/95-all.conf", "[main]\nplugins=keyfile\n", 0o644)
	stays("start of NetworkManager", lambda: ask("systemctl", "start", "NetworkManager"))
	ask("nmcli", "device", "set", "lan0", "managed", "yes")
	ask("nmcli", "connection", "add", "type", "ethernet", "ifname", "lan0", "con-name", "lan", "ipv4.method", "manual", "ipv4.addresses",
		"192.0.2.2/24", "ipv6.method", "link-local")
	stays("another interface", lambda: ask("nmcli", "connection", "up", "lan"))
	true(of_networkmanager("lan0") == "connected", of_networkmanager("lan0"))
	true(of_networkmanager("wlan0") == "unmanaged", of_networkmanager("wlan0"))
	stays("restart of NetworkManager", lambda: ask("systemctl", "restart", "NetworkManager"))
	true(not said_by_doctor("NetworkManager"), said_by_doctor("NetworkManager"))


def networkmanager_would_take_it():
	"""Without the file it can be told to take the interface, and lke doctor says so; with it again, no more."""
	os.unlink(FILES["networkmanager/90-lke.conf"])
	ask("nmcli", "general", "reload")
	ask("nmcli", "device", "set", "wlan0", "managed", "yes")
	wait_for(lambda: of_networkmanager("wlan0") != "unmanaged", 10, "wlan0 of NetworkManager")
	found = said_by_doctor("NetworkManager")
	true(len(found) == 1 and found[0]["verdict"] == "fail" and "wlan0" in found[0]["found"] and found[0]["remedy"], found)
	give_file("networkmanager/90-lke.conf")
	ask("nmcli", "general", "reload")
	ask("nmcli", "device", "set", "wlan0", "managed", "no")
	wait_for(lambda: not said_by_doctor("NetworkManager"), 10, "wlan0 free")


def steps(a):
	yield "install", lambda: installed_from_build(a.build)
	yield "networkd leaves it alone", networkd_leaves_it_alone
	yield "a mobile node beside it", mobile_node_attaches
	yield "networkd restarts", networkd_restarts
	yield "networkd would take it", networkd_would_take_it
	if not shutil.which("nmcli"):
		say("NetworkManager is not installed: left out")
		return
	yield "NetworkManager leaves it alone", networkmanager_leaves_it_alone
	yield "NetworkManager would take it", networkmanager_would_take_it


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	a = ap.parse_args()
	with open("/proc/1/comm") as f:
		if f.read().strip() != "systemd" or not os.path.exists("/run/guest"):
			print("managers: only beside a systemd that was made for it: make lab TEST=managers")
			return 77
	network()
	for k, (name, step) in enumerate(steps(a)):
		start = time.monotonic()
		try:
			step()
		except (Failed, OSError, subprocess.TimeoutExpired, KeyError, ValueError) as e:
			say("FAIL %s: %s" % (name, e))
			for what in ("lked", "systemd-networkd", "NetworkManager"):
				say(ask("journalctl", "-u", what, "-o", "short-monotonic", "-n", "25", code=None))
			return 1
		say("ok   %-36s %4.0f s" % (name, time.monotonic() - start))
		if k == 0:
			router()
	return 0


if __name__ == "__main__":
	sys.exit(main())
