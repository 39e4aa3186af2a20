#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""No message leaves its reader without a next step.

An error or warning of lke, lked and lkesim ends with what to do: behind a semicolon, a "see:", "run:" or "with:", as a
suggestion or a question that says where to look, or by remedy_of() where the words are those of a system call.  What is said
of a configuration or key file may say instead what the value must be.  The reasons of lke status end so, too, and what the
store (store_fail() adds the step of an errno) and the floor of the platform say.  Those that need none are named here, with
the reason.  And none speaks in the numbers of docs/DECISIONS.md, ADRs or requirements, which its reader does not know.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CALL = re.compile(r"\b(log_error|log_warning|refuse|turn_away)\(|\bfprintf\(stderr,|\bsnprintf\((why|err), ")
STEP = re.compile(r'; |see: |run: |with: |until: |did you mean|remedy_of\(|step\(|start it with|one of: ')
# Of a configuration, a key file or a policy entry.
OF_FILES = re.compile(r"\b(report_error|report_warning|config_problem|bad)\(|\breturn \"[^\"]* ")
VALUE = re.compile(r'\bmust\b|\bneeds?\b|\btakes\b|\bexpected\b|\b(from|range:) %s to %s|no role: give|is this a file of|lke genkey')
ALARM_MAX = 63  # struct lke_note
OURS = re.compile(r'"[^"\n]*\b(?:AMB|SEC|THR|ADR|LKE|THREATS|SEQUENCES|PLATFORM|OP)[- ]\d+[^"\n]*"')
# Words of a message: why it needs no step.
NONE_NEEDED = {
    'out of memory': 'says it',
    '<%d>%s': 'any line of the log',
    'lked: %s%s': 'any line of the log',
    ' (%" PRIu64 " malformed)': 'part of a line',
    ' frames, %" PRIu64 " messages': 'a summary',
    'nothing of LKE, Mobile IPv6': 'part of a summary',
    'later messages are not drawn': 'a limit of a picture',
    '"%s\\n", json_string_value': 'a line of lke check',
    '"lke: %s\\n"': 'the words of lked or of the caller',
    '"lke: %s: %s\\n", what, why': 'the caller has the words',
    'reload: %s", reload_text': 'the table in reload.h has the words',
    'SIGHUP: %s", reload_text': 'the table in reload.h has the words',
    'DONE, EXIT_OK, "done"': 'is good news',
    'SAME, EXIT_OK, "no difference': 'is good news',
    '"%s", why': 'the caller has the words',
    '"%s", *ret ? store_error': 'the store has the words',
    '"%s", err == LKE_ERR_SYS ?': 'the store has the words',
    'the key log is off': 'is good news',
    'numbers more are taken as used': 'what the operator asked for',
    'all is well': 'is good news',
    'stable storage failed, no': 'say_why() has the words',
    'steer_error(w->steer)': 'steering has the words',
    'refuse(info[0]': 'the caller says what follows',
    'the future of this boot': 'the caller says what follows',
    'give oldest or both': 'says what to give',
    'give a time from': 'says what to give',
    'give a number from': 'says what to give',
    'p->line, "%s", text': 'the caller has the words',
    'Prefix = %s: %s': 'config_ra.c has the words',
    'Dnssl = %s %s': 'config_ra.c has the words',
    'path, 0, "%s", why': 'unfit() has the words',
    '"%s %s", key, why': 'the caller has the words',
    'sandbox: %s: error %d': 'the caller adds the step',
    'why_size, "%s: %s", step': 'lke show says it beside the plane that serves',
}


def statement(text, start):
    """From a call to its semicolon outside of strings."""
    end, quoted = start, False
    while end < len(text) and (quoted or text[end] != ';'):
        if text[end] == '"' and text[end - 1] != '\\':
            quoted = not quoted
        end += 1
    return text[start:end]


def calls(call, *where):
    for path in sorted(p for w in where for p in ROOT.glob(f'src/{w}.c')):
        text = path.read_text()
        for m in call.finditer(text):
            words = re.sub(r'"\s*"', '', ' '.join(statement(text, m.start()).split()))
            if '"' in words and not re.match(r'\w+\([^"]*\) *\{|bad\[', words):
                yield f'{path.relative_to(ROOT)}:{text.count(chr(10), 0, m.start()) + 1}', words


def messages():
    for place, words in calls(CALL, 'ctl/*', 'daemon/*', 'sim/*', 'store/*', 'platform/linux/*'):
        yield place, words, STEP
    text = re.sub(r'" *\\\n\s*"', '', (ROOT / 'src/daemon/reload.h').read_text())
    for words in re.findall(r'^\tX\((\w+, EXIT_.*)', text, re.M):
        yield 'src/daemon/reload.h', words, STEP
    either = re.compile(f'{STEP.pattern}|{VALUE.pattern}')
    for place, words in calls(OF_FILES, 'daemon/config_*', 'daemon/key_*', 'daemon/policy_file'):
        yield place, words, either


def alarms():
    """The reasons of alarms, which have room for 63 octets."""
    for path in sorted(ROOT.glob('src/core/*.c')):
        text = path.read_text()
        for m in re.finditer(r'\balarm_note\(', text):
            words = re.sub(r'"\s*"', '', statement(text, m.start()))
            if '"' in words:
                yield f'{path.relative_to(ROOT)}:{text.count(chr(10), 0, m.start()) + 1}', words.split('"')[1]


def main():
    bad = used = 0
    met = set()
    for place, words in alarms():
        used += 1
        if '; ' not in words or len(words) > ALARM_MAX:
            bad += 1
            print(f'{place}: an alarm has a next step and {ALARM_MAX} octets: {words}')
    for path in sorted(ROOT.glob('src/**/*.c')):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if OURS.search(line) and not line.lstrip().startswith(('*', '/*')):
                bad += 1
                print(f'{path.relative_to(ROOT)}:{number}: say in words what {OURS.search(line)[0]} means')
    for place, words, step in messages():
        used += 1
        if step.search(words):
            continue
        excuse = [e for e in NONE_NEEDED if e in words]
        met.update(excuse)
        if not excuse:
            bad += 1
            print(f'{place}: what is the reader to do? {words[:150]}')
    for unused in sorted(set(NONE_NEEDED) - met):
        bad += 1
        print(f'tests/lint/messages.py: no message has {unused!r} without a step')
    print(f'{used} messages, {bad} of them to improve')
    return 1 if bad or used < 250 else 0


if __name__ == '__main__':
    sys.exit(main())
