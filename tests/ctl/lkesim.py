#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lkesim(1): options, manual page, both forms of the result.  Argument: the program."""
import json
import os
import re
import sys

from commands import ROOT, ask
from tap import equal, run, true

SMALL = ('--mobiles', '3', '--routers', '3', '--time', '20s', '--dwell', '6s')


def options(lkesim):
    return re.findall(r'^  (--[a-z-]+)', ask(lkesim, '--help')[1], re.M)


def op_sim_help_and_manual_name_every_option(lkesim):
    code, out, err = ask(lkesim, '--help')
    equal((code, err), (0, ''))
    equal([line for line in out.splitlines() if len(line) > 80], [])
    with open(os.path.join(ROOT, 'man', 'lkesim.1')) as f:
        page = f.read()
    described = re.findall(r'^\.It Fl \\-([a-z-]+)', page, re.M)
    equal(['--' + d for d in described if d != 'json'], options(lkesim))
    # What the manual says they are by themselves is what the help prints.
    for name, value in re.findall(r'^  --([a-z-]+) +(\S+) ', out, re.M):
        if re.match(r'[0-9]', value):
            text = re.search(r'^\.It Fl \\-%s .*\n((?:[^.].*\n)+)' % name, page, re.M).group(1)
            true(re.search(r'\b%s\b' % value, text), f'{name} {value}: {text}')


def op_sim_refuses_what_it_cannot_do(lkesim):
    for args, words in ((('--mobiles', '0'), 'give a number from 1 to 20000'), (('--time', '5'), None), (('--time', 'soon'), 'give a time from 1s to'),
                        (('--dwell', '1s'), 'give a time from 2s'), (('--strategy', 'none'), 'oldest or both'), (('--loss', '501'), 'from 0 to 500'),
                        (('extra',), 'is no option'), (('--nonsense',), '--help'), (('--seed', '-1'), 'give a number')):
        code, _, err = ask(lkesim, *args, '--mobiles', '1', '--lke-only', '--time', '5s') if words is None else ask(lkesim, *args)
        equal(code, 0 if words is None else 2)
        true(words is None or words in err, err)


def op_sim_text_and_json_agree(lkesim):
    code, text, err = ask(lkesim, *SMALL)
    equal((code, err), (0, ''))
    equal([line for line in text.splitlines() if len(line) > 80], [])
    result = json.loads(ask(lkesim, '-j', *SMALL)[1])
    moves = re.search(r'^ +moves +(\d+) +(\d+)$', text, re.M)
    equal([int(m) for m in moves.groups()], [result['lke']['moves'], result['plain_mobile_ipv6']['moves']])
    true(result['lke']['moves'] > 3, text)
    true(result['lke']['handovers'] > 3, text)
    true('Key Exchange Request' in result['lke']['access_link_messages'], result)
    true('Key Exchange Request' not in result['plain_mobile_ipv6']['access_link_messages'], result)
    equal(result['parameters']['mobiles'], '3')


def op_sim_times_as_in_the_configuration(lkesim):
    for text, seconds in (('1.5s', '1500ms'), ('2m', '120s'), ('1h', '3600s'), ('90', '90s')):
        p = json.loads(ask(lkesim, '-j', '--mobiles', '1', '--lke-only', '--time', '1s', '--session', text)[1])
        equal(p['parameters']['session'], seconds)


def op_sim_same_seed_same_result(lkesim):
    first = ask(lkesim, '-j', *SMALL)
    equal(ask(lkesim, '-j', *SMALL), first)
    true(ask(lkesim, '-j', *SMALL, '--seed', '2')[1] != first[1], 'another seed')


def op_sim_json_fits_its_schema(lkesim):
    try:
        import schema
    except ImportError:
        print('# python3-jsonschema is not installed')
        return
    for args in (SMALL, (*SMALL, '--local-only')):
        equal(schema.problems(json.loads(ask(lkesim, '-j', *args)[1])), [])


TESTS = [op_sim_help_and_manual_name_every_option, op_sim_refuses_what_it_cannot_do, op_sim_text_and_json_agree, op_sim_times_as_in_the_configuration, op_sim_same_seed_same_result,
         op_sim_json_fits_its_schema]

if __name__ == '__main__':
    sys.exit(run(TESTS, sys.argv[1]))
