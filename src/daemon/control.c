/* SPDX-License-Identifier: ISC */
#include "daemon/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <string.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/identity.h"
#include "daemon/keylog.h"
#include "daemon/log.h"
#include "daemon/reload.h"
#include "platform/linux/clock.h"

struct client {
	struct bufferevent *bev; /* NULL: free slot */
	struct control *control;
	uint32_t generation; /* of the slot: an answer for a client that left finds another one */
	bool monitor;
	struct event *descriptor_ev; /* the next octet comes with a descriptor; NULL: it does not */
	unsigned waiting;	     /* commands without an answer */
	const struct operation *asked; /* the last of them, NULL: none of commands[] */
	char arg[64];		       /* its argument, or "" */
	uint64_t lost;		       /* events a slow monitor did not get */
};

struct control {
	struct driver *d;
	struct evconnlistener *listener;
	struct client client[CONTROL_CLIENTS_MAX];
};

/* Cookies of commands: slot, generation of the slot, and never 0. */
static uint64_t cookie_of(const struct control *c, const struct client *cl)
{
	return ((uint64_t)cl->generation << 8 | (uint64_t)(cl - c->client)) + 1;
}

static void close_client(struct client *cl)
{
	if (cl->descriptor_ev)
		event_free(cl->descriptor_ev);
	cl->descriptor_ev = NULL;
	bufferevent_free(cl->bev);
	cl->bev = NULL;
	cl->monitor = false;
	cl->waiting = 0;
	cl->generation++;
}

static bool send_json(struct client *cl, json_t *j)
{
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct evbuffer *out = bufferevent_get_output(cl->bev);
	bool ok = text && evbuffer_add_printf(out, "%s\n", text) >= 0;

	free(text);
	json_decref(j);
	return ok;
}

static void answer(struct client *cl, json_t *j)
{
	if (!j)
		j = json_pack("{s:b,s:s,s:i}", "ok", 0, "error", "out of memory", "code",
			      EXIT_FAILED);
	(void)send_json(cl, j);
}

static void refuse(struct client *cl, const char *why, int code)
{
	answer(cl, json_pack("{s:b,s:s,s:i}", "ok", 0, "error", why, "code", code));
}

/* The roles that do it; 0 means any. */
enum { OF_AR = 1, OF_MN = 2, OF_HA = 4 };

#define NOT_SERVED "no [Mobile] section serves"
#define WRITING	   "what was asked before is being written"
#define AGAIN	   "try again in a second"

/* Rekey is no command of the engine: its key file has to be read before. */
static const struct operation {
	const char *name;
	enum lke_command cmd;
	bool arg_needed, rekey;
	unsigned roles;
	const char *missing; /* what is not there, before the argument */
	const char *list;    /* the command that says what is */
	const char *state;   /* why not now */
	const char *then;    /* and what to do then */
} commands[] = {
	{ "handover", LKE_CMD_HANDOVER, .roles = OF_MN, .missing = "no router is heard as",
	  .list = "lke show routers",
	  .state = "no router can be left or taken, or a handover is under way",
	  .then = "see: lke show routers" },
	{ "kex", LKE_CMD_KEX, .roles = OF_MN,
	  .state = "no router that does LKE is chosen, or an exchange is under way",
	  .then = "see: lke show routers" },
	{ "attach", LKE_CMD_ATTACH, .roles = OF_MN, .missing = "no interface in use is named",
	  .list = "lke show interfaces" },
	{ "flush-lbsa", LKE_CMD_FLUSH_LBSA, true, .roles = OF_AR | OF_MN,
	  .missing = "there is no LBSA of", .list = "lke show lbsa" },
	{ "flush-binding", LKE_CMD_FLUSH_BINDING, true, .missing = "there is no binding of",
	  .list = "lke show bindings" },
	{ "suspend", LKE_CMD_SUSPEND, true, .roles = OF_HA, .missing = NOT_SERVED,
	  .list = "lke show mobiles", .state = WRITING, .then = AGAIN },
	{ "resume", LKE_CMD_RESUME, true, .roles = OF_HA, .missing = NOT_SERVED,
	  .list = "lke show mobiles", .state = WRITING, .then = AGAIN },
	{ "rekey", LKE_CMD_SUSPEND, true, true, .roles = OF_HA,
	  .missing = "lked, unlike the files, has no next key of",
	  .list = "lke diff, lke show mobiles", .state = WRITING, .then = AGAIN },
	{ "leave", LKE_CMD_LEAVE, true, .roles = OF_AR, .missing = "there is no valid LBSA of",
	  .list = "lke show lbsa", .state = "nothing waits for it with BufferPackets = 0",
	  .then = "see: lke showconf" },
};

static const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Refuses a command for roles that this daemon has not. */
static bool has_role(struct client *cl, const char *name, unsigned roles)
{
	const struct lke_config *c = &cl->control->d->w->cfg.engine;
	unsigned has = (c->ars ? OF_AR : 0) | (c->mn.interfaces ? OF_MN : 0) |
		       (c->ha.interfaces ? OF_HA : 0);
	char why[128];

	if (!roles || (roles & has))
		return true;
	snprintf(why, sizeof(why), "%s needs %s, this lked has none; choose another with --run",
		 name,
		 roles & OF_HA	  ? "a [HomeAgent]"
		 : roles == OF_AR ? "an [AccessRouter]"
		 : roles == OF_MN ? "a [MobileNode]"
				  : "an [AccessRouter] or [MobileNode]");
	refuse(cl, why, EXIT_NO_OBJECT);
	return false;
}

/* A leaving node may also be named by its link-layer address: that is what a link layer knows. */
static bool read_arg(const struct driver *d, struct lke_ev_command *c, enum lke_command cmd,
		     const char *arg)
{
	if (arg && cmd == LKE_CMD_ATTACH)
		return (c->ifindex = driver_ifindex(d, arg)) != 0;
	if (!arg || in6_parse(arg, &c->arg) == 0)
		return true;
	return cmd == LKE_CMD_LEAVE && lladdr_parse(arg, &c->lladdr) == 0;
}

static void refuse_arg(struct client *cl, const struct operation *o, const char *arg)
{
	char why[192];

	if (o->cmd == LKE_CMD_ATTACH)
		snprintf(why, sizeof(why), "%s %.40s; see: %s", o->missing, arg, o->list);
	else
		snprintf(why, sizeof(why), "%s needs an IPv6 address%s; see: %s", o->name,
			 o->cmd == LKE_CMD_LEAVE ? " or a MAC address" : "", o->list);
	refuse(cl, why, o->cmd == LKE_CMD_ATTACH ? EXIT_NO_OBJECT : EXIT_USAGE);
}

static void command(struct client *cl, const char *name, const char *arg)
{
	const struct operation *o = operation_find(name);
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct driver *d = cl->control->d;

	if (!o) {
		refuse(cl, "unknown command; is lked of the version of lke?", EXIT_USAGE);
		return;
	}
	if (!has_role(cl, name, o->roles))
		return;
	if (!read_arg(d, &ev.command, o->cmd, arg) || (!arg && o->arg_needed)) {
		refuse_arg(cl, o, arg);
		return;
	}
	if (cl->waiting == CONTROL_REQUESTS_MAX) {
		refuse(cl, "too many commands under way; wait for their answers", EXIT_FAILED);
		return;
	}
	cl->waiting++;
	cl->asked = o;
	str_copy(cl->arg, sizeof(cl->arg), arg ? arg : "");
	log_notice("command of the operator: %s%s%s", name, arg ? " " : "", arg ? arg : "");
	if (o->rekey) {
		driver_key_ask(d, &ev.command.arg, cookie_of(cl->control, cl));
		return;
	}
	ev.command.cmd = o->cmd;
	ev.command.cookie = cookie_of(cl->control, cl);
	driver_input(d, &ev);
	driver_pump(d);
}

static void start_keylog(struct client *cl, int fd)
{
	int err = keylog_start(cl->control->d, fd);

	if (err == -EPERM)
		refuse(cl,
		       "the key log must be a regular file of mode 0600, open for appending; let "
		       "lke make it",
		       EXIT_PERMISSION);
	else if (err < 0)
		refuse(cl, strerror(-err), EXIT_FAILED);
	else
		answer(cl, json_pack("{s:b}", "ok", 1));
}

static void on_descriptor(evutil_socket_t sock, short what, void *ctx)
{
	struct client *cl = ctx;
	char octet;
	int fd = -1;
	ssize_t n = what & EV_READ ? priv_receive(sock, &octet, 1, &fd) : -ETIMEDOUT;

	event_free(cl->descriptor_ev);
	cl->descriptor_ev = NULL;
	if (n != 1 || fd < 0) {
		if (fd >= 0)
			close(fd);
		close_client(cl);
		return;
	}
	start_keylog(cl, fd);
	bufferevent_enable(cl->bev, EV_READ);
}

/* The file is opened by the client, with the rights of the client: this process opens nothing. */
static void ask_descriptor(struct client *cl)
{
	const struct timeval limit = { .tv_sec = CONTROL_IDLE_S };
	int sock = bufferevent_getfd(cl->bev);

	cl->descriptor_ev = event_new(cl->control->d->base, sock, EV_READ, on_descriptor, cl);
	if (!cl->descriptor_ev || event_add(cl->descriptor_ev, &limit) < 0) {
		refuse(cl, "out of memory", EXIT_FAILED);
		return;
	}
	bufferevent_disable(cl->bev, EV_READ);
	answer(cl, json_pack("{s:b,s:s}", "ok", 1, "send", "descriptor"));
}

static void keylog_request(struct client *cl, const char *arg)
{
	struct driver *d = cl->control->d;

	/* Keys are for root alone, not for the group that may look and operate. */
	if (!identity_peer_root(bufferevent_getfd(cl->bev))) {
		refuse(cl, "permission denied; the key log is for root", EXIT_PERMISSION);
	} else if (arg && strcmp(arg, "on") == 0) {
		ask_descriptor(cl);
	} else if (arg && strcmp(arg, "off") == 0) {
		keylog_stop(d);
		answer(cl, json_pack("{s:b}", "ok", 1));
	} else {
		refuse(cl, "keylog needs on or off; see: lke help keylog", EXIT_USAGE);
	}
}

static unsigned reload_kind(const char *cmd)
{
	static const char *const name[RELOAD_KINDS] = { [RELOAD_CHANGE] = "reload",
							[RELOAD_COMPARE] = "diff",
							[RELOAD_CONFIRM] = "confirm",
							[RELOAD_UNDO] = "undo" };

	for (unsigned i = 1; i < RELOAD_KINDS; i++)
		if (strcmp(name[i], cmd) == 0)
			return i;
	return 0;
}

static void reload_request(struct client *cl, unsigned kind, json_int_t confirm)
{
	struct driver *d = cl->control->d;
	enum reload_result result;

	if (confirm < 0 || confirm > RELOAD_CONFIRM_MAX) {
		refuse(cl, "confirm must be 0 to 86400 seconds; see: lke help reload", EXIT_USAGE);
		return;
	}
	cl->waiting++;
	cl->asked = NULL;
	if (kind != RELOAD_COMPARE)
		log_notice("command of the operator: %s", kind == RELOAD_CHANGE	   ? "reload"
							  : kind == RELOAD_CONFIRM ? "confirm"
										   : "undo");
	result = driver_reload_ask(d, kind, (uint32_t)confirm, cookie_of(cl->control, cl));
	if (result != RELOAD_DONE) {
		cl->waiting--;
		answer(cl, driver_reload_json(result, 0, -1));
	}
}

static void request(struct client *cl, const char *line, size_t len)
{
	json_error_t error;
	json_t *j = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	const char *cmd = json_string_value(json_object_get(j, "cmd"));
	const char *what = json_string_value(json_object_get(j, "what"));
	const char *arg = json_string_value(json_object_get(j, "arg"));
	struct driver *d = cl->control->d;

	if (!cmd) {
		refuse(cl, "a request is a JSON object with \"cmd\"; see: lke(1)", EXIT_USAGE);
	} else if (strcmp(cmd, "show") == 0) {
		json_int_t most = json_integer_value(json_object_get(j, "most"));
		json_int_t from = json_integer_value(json_object_get(j, "from"));
		json_t *shown = show_json(d, what, most > 0 ? (size_t)most : 0, (uint64_t)from);

		if (shown)
			answer(cl, shown);
		else
			refuse(cl, "nothing of this name can be shown; see: lke help show",
			       EXIT_USAGE);
	} else if (strcmp(cmd, "metrics") == 0) {
		answer(cl, show_metrics(d));
	} else if (strcmp(cmd, "status") == 0) {
		answer(cl, show_status(d));
	} else if (reload_kind(cmd)) {
		reload_request(cl, reload_kind(cmd),
			       json_integer_value(json_object_get(j, "confirm")));
	} else if (strcmp(cmd, "keylog") == 0) {
		keylog_request(cl, arg);
	} else if (strcmp(cmd, "monitor") == 0) {
		cl->monitor = true;
		bufferevent_set_timeouts(cl->bev, NULL, NULL);
	} else {
		command(cl, cmd, arg);
	}
	json_decref(j);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	struct client *cl = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint32_t generation = cl->generation;

	while (cl->bev && cl->generation == generation && !cl->descriptor_ev) {
		size_t len;
		char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);

		if (!line) {
			if (evbuffer_get_length(in) >= CONTROL_FRAME_MAX)
				close_client(cl);
			return;
		}
		if (len >= CONTROL_FRAME_MAX ||
		    evbuffer_get_length(bufferevent_get_output(bev)) > CONTROL_OUTPUT_MAX)
			close_client(cl);
		else
			request(cl, line, len);
		free(line);
	}
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct client *cl = ctx;

	/* End of file, error or idle too long.  A client may half-close after its request; answers
	 * that are not yet written are then lost, as with any client that goes. */
	close_client(cl);
}

/* Best effort: a socket that nobody has written to takes a line at once. */
static void turn_away(int fd, const char *why, int code)
{
	json_t *j = json_pack("{s:b,s:s,s:i}", "ok", 0, "error", why, "code", code);
	char *text = json_dumps(j, JSON_COMPACT);

	if (text)
		(void)!dprintf(fd, "%s\n", text);
	free(text);
	json_decref(j);
	close(fd);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len,
		      void *ctx)
{
	struct control *c = ctx;
	const struct timeval idle = { .tv_sec = CONTROL_IDLE_S };
	struct client *cl = c->client;

	while (cl < c->client + CONTROL_CLIENTS_MAX && cl->bev)
		cl++;
	if (!identity_peer_allowed(fd, c->d->w->control_gid)) {
		turn_away(fd, "permission denied; be root or in the group lke", EXIT_PERMISSION);
		return;
	}
	if (cl == c->client + CONTROL_CLIENTS_MAX) {
		turn_away(fd, "too many programs are connected to lked; end one of them",
			  EXIT_FAILED);
		return;
	}
	cl->bev = bufferevent_socket_new(c->d->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!cl->bev) {
		close(fd);
		return;
	}
	cl->control = c;
	cl->lost = 0;
	bufferevent_setcb(cl->bev, on_read, NULL, on_event, cl);
	bufferevent_setwatermark(cl->bev, EV_READ, 0, CONTROL_FRAME_MAX);
	bufferevent_set_timeouts(cl->bev, &idle, &idle);
	bufferevent_enable(cl->bev, EV_READ | EV_WRITE);
}

int control_new(struct driver *d, int listen_fd, struct control **ret)
{
	struct control *c = mem_zalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->d = d;
	/* Backlog 0: it listens already, and listen() is not allowed here. */
	c->listener =
		evconnlistener_new(d->base, on_accept, c, LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
	if (!c->listener) {
		mem_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->client[i].bev)
			close_client(&c->client[i]);
	evconnlistener_free(c->listener);
	mem_free(c);
}

static void monitor_event(struct client *cl, const char *text)
{
	struct evbuffer *out = bufferevent_get_output(cl->bev);

	if (evbuffer_get_length(out) > CONTROL_OUTPUT_MAX) {
		cl->lost++;
		return;
	}
	if (cl->lost) {
		evbuffer_add_printf(
			out, "{\"schema\":\"lke.event/1\",\"event\":\"lost\",\"count\":%llu}\n",
			(unsigned long long)cl->lost);
		cl->lost = 0;
	}
	evbuffer_add_printf(out, "%s\n", text);
}

void control_note(struct control *c, const struct lke_note *n)
{
	char *text = NULL;

	for (unsigned i = 0; c && i < CONTROL_CLIENTS_MAX; i++) {
		struct client *cl = &c->client[i];

		if (!cl->bev || !cl->monitor)
			continue;
		/* Written once, and only when somebody listens. */
		if (!text) {
			json_t *j = show_note(c->d, n);

			text = j ? json_dumps(j, JSON_COMPACT) : NULL;
			json_decref(j);
		}
		if (text)
			monitor_event(cl, text);
	}
	free(text);
}

void control_event(struct control *c, json_t *j)
{
	char *text;

	if (j)
		json_object_set_new(j, "time", json_real((double)clock_now() / 1e9));
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	for (unsigned i = 0; text && c && i < CONTROL_CLIENTS_MAX; i++)
		if (c->client[i].bev && c->client[i].monitor)
			monitor_event(&c->client[i], text);
	free(text);
	json_decref(j);
}

/* Who asked, if he is still there; one thing less that he waits for. */
static struct client *waiter(struct control *c, uint64_t cookie)
{
	struct client *cl = &c->client[((cookie - 1) & 0xff) % CONTROL_CLIENTS_MAX];

	if (!cookie || !cl->bev || cookie_of(c, cl) != cookie || !cl->waiting)
		return NULL;
	cl->waiting--;
	return cl;
}

void control_answer(struct control *c, uint64_t cookie, json_t *j)
{
	struct client *cl = waiter(c, cookie);

	if (cl)
		answer(cl, j);
	else
		json_decref(j);
}

/* The next step, too.  A client that asks for several things at once hears the general words. */
static void say_refused(const struct client *cl, int err, char *why, size_t size)
{
	const struct operation *o = cl->waiting == 0 ? cl->asked : NULL;

	if (o && err == LKE_ERR_NOENT && o->missing)
		snprintf(why, size, "%s %s; see: %s", o->missing, cl->arg, o->list);
	else if (o && err == LKE_ERR_STATE && o->state)
		snprintf(why, size, "%s; %s", o->state, o->then);
	else
		snprintf(why, size, "%s; see: %s", lke_strerror(err),
			 err == LKE_ERR_NOENT || err == LKE_ERR_STATE ? "lke show all"
								      : "journalctl -u lked");
}

void control_reply(struct control *c, uint64_t cookie, int err)
{
	struct client *cl = waiter(c, cookie);
	char why[192];

	if (!cl)
		return;
	if (!err) {
		answer(cl, json_pack("{s:b}", "ok", 1));
		return;
	}
	say_refused(cl, err, why, sizeof(why));
	refuse(cl, why,
	       err == LKE_ERR_NOENT   ? EXIT_NO_OBJECT
	       : err == LKE_ERR_INVAL ? EXIT_USAGE
				      : EXIT_FAILED);
}
