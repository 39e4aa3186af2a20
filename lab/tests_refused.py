# SPDX-License-Identifier: ISC
"""A binding that an agent forgot: the mobile node is told by ICMPv6 1/5 and binds again."""
from scenario import Story
from topology import wait_for


def binding_at(daemon):
	return (daemon.show("bindings") or {}).get("bindings", [])


def amb_112_a_forgotten_binding_is_bound_again(build, directory, printer):
	"""lke flush at AR1 while the mobile node is at AR2 and sends: bound again at once, not at the next refresh."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		ar = story.fleet.ar[1]
		counter = lambda: (story.fleet.mn.show("counters") or {}).get("counters", {}).get("bu_sent", 0)
		wait_for(lambda: [b for b in binding_at(ar) if b["state"] == "forwarding"], 10, "a proved binding at AR1")
		before = counter()
		bad = [] if ar.ask("flush-binding", arg="::").get("ok") else ["flush was refused"]
		# A refresh would come after two minutes (AMB-179).
		wait_for(lambda: [b for b in binding_at(ar) if b["state"] == "forwarding"], 5, "the binding to be made again")
		if counter() <= before:
			bad.append("no further Binding Update was sent")
		story.stop_traffic()
		story.stop_daemons()
		return bad


TESTS = {f.__name__: f for f in (amb_112_a_forgotten_binding_is_bound_again,)}
