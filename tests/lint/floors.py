#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A file includes only its own floor and lower ones; the engine's floors know no system.

base < wire, crypto < core < store, platform, present < daemon, sim, ctl
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Floor: the floors it may include besides itself.  "lke" is include/lke, the public interface.
MAY = {
    'lke': set(),
    'base': {'lke'},
    'wire': {'lke', 'base'},
    'crypto': {'lke', 'base'},
    'core': {'lke', 'base', 'wire', 'crypto'},
    'store': {'lke', 'base', 'crypto'},
    'platform': {'lke', 'base', 'wire'},
    'present': {'lke', 'base'},
    'daemon': {'lke', 'base', 'wire', 'crypto', 'core', 'store', 'platform', 'present'},
    # lkesim reads numbers as lke.conf writes them
    'sim': {'lke', 'base', 'wire', 'crypto', 'core', 'daemon'},
    # ctl reads and writes the files of daemon, by its library without privileges and event loop
    'ctl': {'lke', 'base', 'wire', 'crypto', 'daemon', 'present'},
}
# Floors of the sans-I/O engine, and the only system headers they know.
PURE = ('lke', 'base', 'wire', 'core')
PURE_HEADERS = {'string.h', 'stdint.h', 'stddef.h', 'stdbool.h', 'assert.h'}
EXCEPT = {('src/base/mem.c', 'stdlib.h')}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources():
    for top in ('include/lke', 'src'):
        for where, dirs, files in os.walk(os.path.join(ROOT, top)):
            dirs.sort()
            for name in sorted(files):
                if name.endswith(('.c', '.h')):
                    yield os.path.relpath(os.path.join(where, name), ROOT)


def floor_of(path):
    return 'lke' if path.startswith('include/') else path.split('/')[1]

# Made by the build.
GENERATED = {'ctl/serve_page.h'}


def quoted_problem(path, floor, header):
    target = header.split('/')[0] if '/' in header else None
    if target is None:
        return f'"{header}" does not name its floor'
    where = 'include' if target == 'lke' else 'src'
    if header not in GENERATED and not os.path.exists(os.path.join(ROOT, where, header)):
        return f'no {where}/{header}'
    if target != floor and target not in MAY[floor]:
        return f'{floor} may not include {target} ("{header}")'
    return None


def system_problem(path, floor, header):
    if floor not in PURE or header in PURE_HEADERS or (path, header) in EXCEPT:
        return None
    return f'{floor} may not include <{header}>'


def check(path):
    floor = floor_of(path)
    if floor not in MAY:
        yield f'{path}: unknown floor {floor}'
        return
    with open(os.path.join(ROOT, path)) as f:
        for number, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            test = quoted_problem if m.group(1) == '"' else system_problem
            problem = test(path, floor, m.group(2))
            if problem:
                yield f'{path}:{number}: {problem}'


def main():
    paths = list(sources())
    problems = [p for path in paths for p in check(path)]
    print('\n'.join(problems) or f'{len(paths)} files')
    return 1 if problems or not paths else 0


if __name__ == '__main__':
    sys.exit(main())
