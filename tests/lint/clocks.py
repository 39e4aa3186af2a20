#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""No source below src/ reads a clock that somebody can set (THREATS 84): lifetimes run on CLOCK_BOOTTIME.

The wall clock is for people: `lke monitor`, `lke top` and the journal of updates print it, `lke support-bundle` is named by it, `lke doctor` looks whether it is set.  And it ages what an access router keeps across a reboot.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WALL = re.compile(r'CLOCK_REALTIME|CLOCK_TAI|gettimeofday\s*\(|\btime\s*\(\s*(NULL|0|&)|\bftime\s*\(|timespec_get\s*\(')
# CLOCK_MONOTONIC stands still during a suspend: an LBSA would outlive its lifetime.
STOPS = re.compile(r'CLOCK_MONOTONIC')
# ... but the service manager asks for it (sd_notify(3), MONOTONIC_USEC), and the difference of both tells of a suspend.
ASKED = {'src/daemon/notify.c', 'src/platform/linux/clock_suspend.c'}
ALLOWED = {'src/ctl/doctor_clock.c', 'src/ctl/monitor.c', 'src/ctl/support_bundle.c', 'src/ctl/top.c', 'src/platform/linux/clock_wall.c'}


def main():
    bad, seen = [], 0
    for where, _, names in os.walk(os.path.join(ROOT, 'src')):
        for name in sorted(n for n in names if n.endswith(('.c', '.h'))):
            path = os.path.join(where, name)
            rel = os.path.relpath(path, ROOT)
            with open(path) as f:
                for n, line in enumerate(f, 1):
                    seen += 'CLOCK_BOOTTIME' in line
                    if WALL.search(line) and rel not in ALLOWED or STOPS.search(line) and rel not in ASKED:
                        bad.append(f'{rel}:{n}: {line.strip()}')
    if not seen:
        bad.append('src: no use of CLOCK_BOOTTIME: this check looks in the wrong place')
    print('\n'.join(bad))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
