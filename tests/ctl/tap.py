# SPDX-License-Identifier: ISC
"""Tests of a program written in Python: every function test(lke) of a list is one line of TAP."""
import sys
import traceback


def run(tests, *args):
    """Exit status 0 when every test passed; a test fails by an exception."""
    print(f'1..{len(tests)}')
    bad = 0
    for n, test in enumerate(tests, 1):
        try:
            test(*args)
        except Exception:  # pylint: disable=broad-except
            bad += 1
            print(f'not ok {n} - {test.__name__}')
            print('\n'.join('# ' + line for line in traceback.format_exc().splitlines()))
        else:
            print(f'ok {n} - {test.__name__}')
        sys.stdout.flush()
    return 1 if bad else 0


def equal(got, want):
    if got != want:
        raise AssertionError(f'got {got!r}, want {want!r}')


def true(fact, words):
    if not fact:
        raise AssertionError(words)
