#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every requirement and decision has a row in docs/CONFORMANCE.md, every threat one in docs/THREATS.md; tests named there passed.

Rows: | ID | what | test name(s) or "not built: reason" |.  Argument: the results file of tests/run.
A test is named in full (suite/name) or by name alone; several are separated by commas or blanks.
An ordinary user's run skips what needs root: then nothing can be said of those tests, and this is skipped, too, if all else is right.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AMBIGUITY = re.compile(r'^\|\s*(AMB-\d+)[^|]*\|(.*)\|\s*$')
THREATS = 101
SKIPPED = ' was skipped'
ROW = re.compile(r'^\|\s*((?:LKE|SEC|BASE)-\d+)\s*\|(.*)\|\s*$')


def read_results(path):
    verdicts = {}
    for line in open(path):
        verdict, name = line.rstrip('\n').split(' ', 1)
        short = name.split('/', 1)[-1]
        for key in {name, short} | (tests_of(short) if verdict == 'skip' else set()):
            verdicts.setdefault(key, set()).add(verdict)
    return verdicts


def tests_of(program):
    """A program that cannot run names no test; its source does."""
    names = set()
    for path in glob.glob(f'{ROOT}/tests/*/test_{program}.c') + glob.glob(f'{ROOT}/tests/ctl/{program.removeprefix("ctl_")}.py'):
        with open(path) as f:
            names |= set(re.findall(r'^(?:static void|def) (\w+)\(', f.read(), re.M))
    return names


def check_row(ident, tests, verdicts):
    tests = tests.strip()
    if re.match(r'not built: *\S', tests):
        return
    names = [t.strip('`') for t in re.split(r'[,\s]+', tests) if t.strip('`')]
    if not names:
        yield f'{ident}: neither a test nor "not built: reason"'
    for name in names:
        v = verdicts.get(name)
        if v is None:
            yield f'{ident}: no test {name}'
        elif 'fail' in v:
            yield f'{ident}: {name} did not pass'
        elif 'pass' not in v and not name.startswith('lab/'):
            yield f'{ident}: {name}{SKIPPED}'


def threats(verdicts):
    """Problems of docs/THREATS.md: rows `| n | who | threat | answer | tests |`, and those of section 6 of the draft."""
    doc = os.path.join(ROOT, 'docs', 'THREATS.md')
    seen = set()
    for line in open(doc):
        cells = [c.strip() for c in re.split(r'(?<!\\)\|', line)[1:-1]]
        if len(cells) == 5 and cells[0].isdigit():
            seen.add(int(cells[0]))
            yield from check_row('THREATS ' + cells[0], cells[4], verdicts)
        elif len(cells) == 2 and cells[1].startswith('`'):
            yield from check_row('THREATS, ' + cells[0], cells[1], verdicts)
    yield from (f'THREATS {n}: no row' for n in range(1, THREATS + 1) if n not in seen)


def decisions(rows):
    """Decisions of docs/DECISIONS.md that have no row."""
    for line in open(os.path.join(ROOT, 'docs', 'DECISIONS.md')):
        m = re.match(r'^\| (AMB-\d+) \|', line)
        if m and m.group(1) not in rows:
            yield f'{m.group(1)}: no row'


def row_without_number(line, verdicts):
    """Problems of a row `| what | tests |`."""
    cells = [c.strip() for c in re.split(r'(?<!\\)\|', line)[1:-1]]
    if len(cells) == 2 and cells[1].startswith('`') and not AMBIGUITY.match(line):
        yield from check_row(cells[0], cells[1], verdicts)


def main():
    doc = os.path.join(ROOT, 'docs', 'CONFORMANCE.md')
    if not os.path.exists(doc):
        print('docs/CONFORMANCE.md does not exist')
        return 77
    verdicts = read_results(sys.argv[1])
    wanted = open(os.path.join(ROOT, 'tests', 'data', 'requirements.txt')).read().split()
    problems, seen, decided = [], set(), set()
    for line in open(doc):
        m = AMBIGUITY.match(line)
        if m:
            decided.add(m.group(1))
            problems += check_row(m.group(1), m.group(2), verdicts)
        m = ROW.match(line)
        if not m:
            problems += row_without_number(line, verdicts)
            continue
        ident = m.group(1)
        if ident in seen:
            problems.append(f'{ident}: two rows')
        if ident not in wanted:
            problems.append(f'{ident}: no such requirement')
        seen.add(ident)
        problems += check_row(ident, re.split(r'(?<!\\)\|', m.group(2))[-1], verdicts)
    problems += [f'{i}: no row' for i in wanted if i not in seen]
    problems += decisions(decided)
    problems += threats(verdicts)
    skipped = [p for p in problems if p.endswith(SKIPPED)]
    if skipped and skipped == problems and os.geteuid() != 0:
        print(f'{len(skipped)} named tests need root and were skipped; the rest is right')
        return 77
    print('\n'.join(problems) or f'{len(seen)} requirements')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
