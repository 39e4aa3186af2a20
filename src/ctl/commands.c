/* SPDX-License-Identifier: ISC */
#include "ctl/commands.h"

#include <string.h>

#include "base/nearest.h"

/* In the order of the help; a line of help has 80 columns. */
/* clang-format off */
const struct command commands[] = {
	{ "show", "[WHAT]", "state on one screen; WHAT: lbsa, bindings, routers, mobiles, agents, "
	  "sequences, limits, interfaces, counters, timers, all", "lke.show/1", GROUP_LOOK, cmd_show },
	{ "status", "", "one line; exit 0 healthy, 8 degraded", "lke.status/1", GROUP_LOOK,
	  cmd_status },
	{ "monitor", "", "messages and events as they happen", "lke.event/1", GROUP_LOOK,
	  cmd_monitor },
	{ "top", "[SECONDS]", "one row a mobile node, the busiest first, as it changes; q ends it",
	  "lke.top/1", GROUP_LOOK, cmd_top },
	{ "diff", "[FILE]", "what the files say that lked does not do yet", "lke.reload/1",
	  GROUP_LOOK, cmd_diff },
	{ "serve", "[--listen WHERE] [[NAME=]DIR ...]",
	  "metrics for Prometheus and a live page; WHERE: [::1]:9476, unix:PATH; DIR: of control "
	  "sockets", "lke.serve/1", GROUP_LOOK, cmd_serve },

	{ "reload", "[--confirm-within TIME]", "lked reads its files again, and takes over what changed",
	  "lke.reload/1", GROUP_CHANGE, cmd_reload },
	{ "confirm", "", "the last reload is for good", "lke.reload/1", GROUP_CHANGE, cmd_confirm },
	{ "undo", "", "back to the configuration before the last reload", "lke.reload/1",
	  GROUP_CHANGE, cmd_undo },
	{ "handover", "[--to ROUTER]", "mobile node: it is about to leave its link, or this router",
	  "lke.answer/1", GROUP_CHANGE, cmd_handover },
	{ "attach", "[INTERFACE]", "mobile node: the link layer has attached, perhaps elsewhere",
	  "lke.answer/1", GROUP_CHANGE, cmd_attach },
	{ "kex", "", "mobile node: a key exchange now", "lke.answer/1", GROUP_CHANGE, cmd_kex },
	{ "leave", "ADDRESS|MAC", "access router: this mobile node leaves its link",
	  "lke.answer/1", GROUP_CHANGE, cmd_leave },
	{ "flush", "lbsa|binding ADDRESS|all", "forget state", "lke.answer/1", GROUP_CHANGE,
	  cmd_flush },
	{ "suspend", "HOMEADDRESS", "home agent: discontinue the service of a mobile",
	  "lke.answer/1", GROUP_CHANGE, cmd_suspend },
	{ "resume", "HOMEADDRESS", "home agent: continue it", "lke.answer/1", GROUP_CHANGE,
	  cmd_resume },
	{ "rekey", "HOMEADDRESS", "home agent: the next key of a mobile, without losing service",
	  "lke.answer/1", GROUP_CHANGE, cmd_rekey },

	{ "audit", "[NAME|HOMEADDRESS] [--state DIR]", "home agent: the journal of Binding Updates",
	  "lke.audit/1", GROUP_OFF_LINE, cmd_audit },
	{ "keylog", "on FILE|off", "root: write every key to a file, for those who read captures",
	  "lke.answer/1", GROUP_CHANGE, cmd_keylog },

	{ "check", "[FILE]", "check a configuration; exit 0 right, 3 wrong", "lke.check/1",
	  GROUP_OFF_LINE, cmd_check },
	{ "doctor", "[--state DIR]", "what this host lacks, what stands in the way, and the remedies",
	  "lke.doctor/1", GROUP_OFF_LINE, cmd_doctor },
	{ "showconf", "[FILE]", "the configuration of all files together, with their lines",
	  "lke.config/1", GROUP_OFF_LINE, cmd_showconf },
	{ "decode", "FILE [-v] [--keylog FILE] [--svg OUT]",
	  "the messages of a pcap or pcapng capture, one a line; -v: with every field; "
	  "--keylog: with verified MACs; --svg: drawn as a sequence diagram",
	  "lke.event/1", GROUP_OFF_LINE, cmd_decode },
	{ "export", "HOMEADDRESS [FILE] [--agent ADDRESS]",
	  "home agent: one policy entry with its keys; no FILE, or -, is standard output",
	  "lke.policy/1", GROUP_OFF_LINE, cmd_export },
	{ "import", "FILE", "take such an entry, at a home agent or a mobile node",
	  "lke.import/1", GROUP_OFF_LINE, cmd_import },
	{ "genkey", "[--integrity I] [--encryption E]",
	  "a key file for a mobile and its home agent, on standard output", "lke.key/1", GROUP_OFF_LINE,
	  cmd_genkey },
	{ "support-bundle", "[FILE] [--state DIR] [--log FILE]",
	  "one archive for those who help: configuration, state, doctor, log, versions; never a key",
	  "lke.answer/1", GROUP_OFF_LINE, cmd_support_bundle },
	{ "version", "", "version of this program", "lke.version/1", GROUP_OFF_LINE, cmd_version },
	{ "help", "[COMMAND]", "this text, or that of one command", "lke.help/1", GROUP_OFF_LINE,
	  cmd_help },
	{ NULL, NULL, NULL, NULL, GROUP_COUNT, NULL },
};
/* clang-format on */

#define COMMANDS (sizeof(commands) / sizeof(commands[0]) - 1)

const struct command *command_find(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL }, *near;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	near = nearest_word(name, names);
	if (near)
		fprintf(stderr, "lke: unknown command '%s'; did you mean '%s'?\n", name, near);
	else
		fprintf(stderr, "lke: unknown command '%s'; see: lke help\n", name);
	return NULL;
}
