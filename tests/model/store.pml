/* SPDX-License-Identifier: ISC */
/*
 * The order of events between a home agent and its store (docs/adr/0031-group-commit.md,
 * AMB-151, AMB-172), in small: 8 numbers instead of 65536, a reservation of 2 instead of 64.
 * An attacker records every Binding Update and sends any of them again at any time; the host may
 * crash at any time, after which a floor that was written but not synced is there or is not; a sync
 * may fail.  No Binding Update is accepted twice.
 *
 * Each of these breaks it, and tests/lint/run checks that Spin says so:
 *	-DANSWER_FIRST	accepted before the floor is durable
 *	-DNO_BUDGET	numbers go round under one key
 *	-DFORGET	the floor ends with the binding
 *	-DTRUST_FAILED_SYNC	a floor is believed after a failed sync
 */
#define SPACE	8
#define HALF	4
#define RESERVE 2
#define SENT	11 /* Binding Updates of the mobile node, more than go round */
#define CRASHES 2
#define NONE	255

#define ahead(a, b)  (((a) + SPACE - (b)) % SPACE)
#define newer(a, b)  (ahead(a, b) != 0 && ahead(a, b) < HALF)

byte accepted[SENT + 1]; /* how often the Binding Update was accepted */
bool recorded[SENT + 1];
byte sent = 0; /* Binding Updates are numbered; k carries the sequence number k % SPACE */
byte crashes = 0;

/* The home agent's memory. */
bool has_last, has_floor;
byte last, floor, used;
byte waiting = NONE;

/* The store: durable survives, written may. */
bool has_durable, has_written;
byte durable, durable_used, written, written_used;
bool busy; /* a floor is being written */

inline accept(k)
{
	accepted[k]++;
	assert(accepted[k] == 1);
	if
	:: has_last -> used = used + ahead(k % SPACE, last)
	:: else -> skip
	fi;
	last = k % SPACE;
	has_last = true
}

inline reserve(k)
{
	has_written = true;
	written = (k + RESERVE) % SPACE;
	if
	:: has_last -> written_used = used + ahead(written, last)
	:: else -> written_used = RESERVE
	fi;
	busy = true
}

/* from_mobile: the genuine sender, which goes on behind the number that 135 tells it. */
inline offer(k, from_mobile)
{
	if
	:: has_last && !newer(k % SPACE, last) ->
		if
		:: from_mobile && newer(last, k % SPACE) && k + ahead(last, k % SPACE) < SENT ->
			sent = k + ahead(last, k % SPACE)
		:: else -> skip
		fi
#ifndef NO_BUDGET
	:: has_last && newer(k % SPACE, last) && used + ahead(k % SPACE, last) > HALF -> skip
#endif
	:: else ->
		if
		:: has_floor && !newer(k % SPACE, floor) -> accept(k)
		:: else ->
			if
			:: !busy ->
				reserve(k);
#ifdef ANSWER_FIRST
				accept(k)
#else
				waiting = k
#endif
			:: else -> skip /* it waits in vain; its sender asks again */
			fi
		fi
	fi
}

inline restart()
{
	has_last = has_durable;
	has_floor = has_durable;
	last = durable;
	floor = durable;
	used = durable_used
}

active proctype world()
{
	byte k;

	do
	:: atomic { sent < SENT ->
		sent++;
		k = sent;
		recorded[k] = true;
		offer(k, true);
		k = 0
	   }
	:: atomic { sent > 0 ->
		select(k : 1 .. SENT);
		if
		:: recorded[k] -> offer(k, false)
		:: else -> skip
		fi;
		k = 0
	   }
	/* The sync ends well: only now the answer leaves. */
	:: atomic { busy ->
		busy = false;
		has_durable = true;
		durable = written;
		durable_used = written_used;
		has_written = false;
		has_floor = true;
		floor = durable;
		if
		:: waiting != NONE && !(has_last && !newer(waiting % SPACE, last)) -> accept(waiting)
		:: else -> skip
		fi;
		waiting = NONE
	   }
	/* It fails: nobody knows what the disk holds. */
	:: atomic { busy ->
		busy = false;
#ifdef TRUST_FAILED_SYNC
		has_floor = true;
		floor = written;
		if
		:: waiting != NONE && !(has_last && !newer(waiting % SPACE, last)) -> accept(waiting)
		:: else -> skip
		fi;
#endif
		waiting = NONE
	   }
	:: atomic { crashes < CRASHES ->
		crashes++;
		if
		:: has_written -> durable = written; durable_used = written_used; has_durable = true
		:: skip
		fi;
		has_written = false;
		busy = false;
		waiting = NONE;
		restart()
	   }
#ifdef FORGET
	:: atomic { has_last -> has_last = false } /* the binding has expired */
#endif
	:: sent == SENT -> break
	od
}
