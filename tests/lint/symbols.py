#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The engine's libraries need nothing from the system but a few functions of the C library.

Usage: symbols.py LIBBASE LIBWIRE LIBCORE LIBCRYPTO...  What these define themselves is free, and of
the crypto libraries only what crypto.h declares.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
C_LIBRARY = {'memcpy', 'memcmp', 'memset', 'memmove', 'strcmp', 'strlen', 'explicit_bzero'}
ALLOCATION = {'malloc', 'calloc', 'realloc', 'free'}	# base only, behind mem.h
COMPILER = re.compile(r'__assert_fail$|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$'
                      r'|__(asan|ubsan|sanitizer|gcov|llvm|sancov)_|__sancov|__start___sancov'
                      r'|__stop___sancov|__tls_get_addr$|__profc|__profd')


def nm(lib, *args):
    out = subprocess.run(['nm', *args, lib], text=True, capture_output=True)
    if out.returncode:
        sys.exit(f'nm {lib}: {out.stderr.strip()}')
    member = os.path.basename(lib)
    for line in out.stdout.splitlines():
        words = line.split()
        if line.endswith(':'):
            member = line[:-1]
        elif len(words) >= 2:
            yield member, words[-1]


def crypto_interface():
    text = open(os.path.join(ROOT, 'src', 'crypto', 'crypto.h')).read()
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    # Randomness is passed to the engine, it fetches none.
    return set(re.findall(r'\b(\w+)\s*\((?!\*)', text)) - {'system_random'}


def main():
    if len(sys.argv) < 5:
        print(__doc__.strip())
        return 2
    interface = crypto_interface()
    crypto = {s for lib in sys.argv[4:] for _, s in nm(lib, '-g', '--defined-only') if s in interface}
    below, problems, used = set(), [], 0
    for floor, lib in zip(('base', 'wire', 'core'), sys.argv[1:4]):
        below |= {s for _, s in nm(lib, '-g', '--defined-only')}
        known = below | C_LIBRARY
        if floor == 'base':
            known |= ALLOCATION
        if floor == 'core':
            known |= crypto
        for member, symbol in nm(lib, '-u'):
            used += 1
            if symbol not in known and not COMPILER.match(symbol):
                problems.append(f'{floor}: {member} needs {symbol}')
    print('\n'.join(problems) or f'{used} references')
    return 1 if problems or not used else 0


if __name__ == '__main__':
    sys.exit(main())
