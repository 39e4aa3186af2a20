/* SPDX-License-Identifier: ISC */
/* Clock, medians and JSON lines for the bench programs. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_ROUNDS 5

/* CPU seconds of this thread: other work on the machine disturbs it least. */
static inline double bench_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int bench_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v. */
static inline double bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), bench_order);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Value against limit, round by round; the ratio is the median of the rounds' ratios. */
struct bench_pair {
	double value[BENCH_ROUNDS], limit[BENCH_ROUNDS];
};

static inline void bench_row(const char *name, const char *unit, struct bench_pair *p,
			     const char *limit)
{
	double ratio[BENCH_ROUNDS];

	for (unsigned n = 0; n < BENCH_ROUNDS; n++)
		ratio[n] = p->value[n] / p->limit[n];
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.1f, \"limit\": %.1f, "
	       "\"ratio\": %.4f, \"limit_name\": \"%s\"}\n",
	       name, unit, bench_median(p->value, BENCH_ROUNDS),
	       bench_median(p->limit, BENCH_ROUNDS), bench_median(ratio, BENCH_ROUNDS), limit);
	fflush(stdout);
}

#endif
