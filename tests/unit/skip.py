#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs a test program of cmocka and says its skipped tests as TAP does: skip.py PROGRAM.

cmocka prints "not ok 3 # SKIP name", which is a failure to meson and to every other reader of TAP.  The reason comes before it, from
skip_because() in skip.h.
"""
import re
import subprocess
import sys

SKIPPED = re.compile(r'not ok (\d+) # SKIP (.*)')
REASON = '# skip: '


def main():
    why = None
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, errors='replace') as run:
        for line in run.stdout:
            skipped = SKIPPED.match(line)
            if line.startswith(REASON):
                why = line[len(REASON):].strip()
                continue
            if skipped:
                line = f'ok {skipped[1]} - {skipped[2].strip()} # SKIP {why or "no reason given"}\n'
                why = None
            sys.stdout.write(line)
            sys.stdout.flush()
    return run.returncode if run.returncode >= 0 else 128 - run.returncode


if __name__ == '__main__':
    sys.exit(main())
