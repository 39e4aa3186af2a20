# SPDX-License-Identifier: ISC
"""report.html: the pictures, the table of the handovers and every check, in one page that needs nothing else."""
from html import escape

STYLE = """
body { font: 15px/1.5 Inter, "DejaVu Sans", Helvetica, Arial, sans-serif; color: #1e293b; background: #f8fafc; margin: 0 }
main { max-width: 1180px; margin: 0 auto; padding: 24px }
h1 { font-size: 26px; margin: 8px 0 } h2 { font-size: 19px; margin: 34px 0 10px }
.lead { color: #475569; max-width: 76ch }
.card { background: #fff; border: 1px solid #e2e8f0; border-radius: 10px; padding: 14px; overflow-x: auto }
.card svg { max-width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-size: 14px } th { text-align: right; color: #64748b; font-weight: 600 }
th, td { padding: 6px 10px; border-bottom: 1px solid #e2e8f0 } td { text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left }
ul { list-style: none; padding: 0; margin: 4px 0 } li.ok::before { content: "✓ "; color: #16a34a; font-weight: 700 }
li.bad::before { content: "✗ "; color: #dc2626; font-weight: 700 } li.none::before { content: "– "; color: #ca8a04 } li small { color: #64748b }
.verdict { display: inline-block; padding: 4px 12px; border-radius: 999px; font-weight: 600 }
.good { background: #dcfce7; color: #166534 } .wrong { background: #fee2e2; color: #991b1b }
h3 { font-size: 15px; margin: 16px 0 2px }
"""

COLUMNS = [("name", "handover"), ("link_gap_ms", "link gap ms"), ("attach_ms", "carrier to BU ms"),
	("bu_to_first_packet_ms", "BU to first packet ms"), ("interruption_down_ms", "interruption to the mobile ms"),
	("interruption_up_ms", "from it ms"), ("beyond_gap_ms", "beyond the gap ms"), ("lost", "lost"), ("late", "late"),
	("duplicated", "duplicated"), ("reordered", "reordered"), ("sent", "sent")]


def table(handovers):
	head = "".join("<th>%s</th>" % escape(t) for _, t in COLUMNS)
	rows = "".join("<tr>%s</tr>" % "".join("<td>%s</td>" % escape(str(h[k]) if h.get(k) is not None else "–")
		for k, _ in COLUMNS) for h in handovers)
	return "<table><tr>%s</tr>%s</table>" % (head, rows)


def checklist(steps):
	out = []
	for s in steps:
		out.append("<h3>%s</h3><ul>" % escape(s["title"]))
		out += ["<li class='%s'>%s <small>%s</small></li>" % ("ok" if c["ok"] and c.get("judged", True) else "none" if c["ok"] else "bad",
			escape(c["check"]), escape(str(c["detail"]))) for c in s["checks"]]
		out.append("</ul>")
	return "\n".join(out)


def write(path, summary, handover_svg, sequence_svg):
	def svg(p):
		with open(p) as f:
			return f.read()
	verdict = "<span class='verdict %s'>%s</span>" % (("good", "every check held") if summary["ok"]
		else ("wrong", "a check failed"))
	with open(path, "w") as f:
		f.write("""<!doctype html><html lang="en"><meta charset="utf-8"><title>lke: handovers on real packets</title>
<meta name="viewport" content="width=device-width"><style>%s</style><main>
<h1>Local Key Exchange for Mobile IPv6, on real packets</h1>
<p class="lead">%s &nbsp; A mobile node walks between the links of four access routers, each a network namespace of its own,
while 4,000 probe datagrams a second and one TCP connection go on. All of it was recorded at the links; every checksum and
every MAC of the recording was computed again by an independent program.</p>
<h2>Handovers</h2><div class="card">%s</div>
<p class="lead">This machine's own noise: the longest silence of the same probes without a handover was %s ms.</p>
<h2>Probe datagrams</h2><div class="card">%s</div>
<h2>Messages</h2><div class="card">%s</div>
<h2>Checks</h2><div class="card">%s</div></main></html>
""" % (STYLE, verdict, table(summary["handovers"]), summary["noise_ms"], svg(handover_svg), svg(sequence_svg),
			checklist(summary["steps"])))
