#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The example must print the messages of Figure 2.1 in the figure's order."""
import subprocess
import sys

WANT = [
    ("MN", "Binding Update"), ("HA", "Binding Acknowledgement"),
    ("MN", "Key Exchange Request"), ("AR1", "Key Exchange Acknowledgement"),
    ("AR1", "DAD NS + Authentication Request"), ("MN", "NA + Authentication Reply"),
    ("AR1", "lbsa_valid"), ("----", "comes to the link of AR2"),
    ("MN", "Binding Update"), ("AR1", "Binding Acknowledgement"), ("MN", "Finished"),
]


def main():
    text = subprocess.run([sys.argv[1]], capture_output=True, text=True, timeout=60, check=True).stdout
    lines = iter(text.splitlines())
    for who, what in WANT:
        if not any(who in line.split() and what in line for line in lines):
            print(text)
            sys.exit(f"missing, or out of order: {who} {what}")


main()
