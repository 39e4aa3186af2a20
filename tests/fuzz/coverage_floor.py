#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""coverage_floor.py SOURCE_ROOT

Builds the fuzzers with clang and libFuzzer in a temporary directory, runs each for a bounded number of inputs
on a copy of its corpus and fails when one of them crashes or covers less than tests/fuzz/floors.txt says.
Exit status 77 (skipped) without clang or its fuzzer runtime."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def check_clang(tmp):
    if not shutil.which("clang"):
        skip("no clang")
    probe = tmp / "probe.c"
    probe.write_text("int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n);\n"
                     "int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n)"
                     " { return p && n > 99999999; }\n")
    r = subprocess.run(["clang", "-fsanitize=fuzzer,address", "-o", str(tmp / "probe"), str(probe)],
                       capture_output=True, check=False)
    if r.returncode != 0:
        skip("clang has no fuzzer runtime")


def floors(path):
    for line in path.read_text().splitlines():
        line = line.split("#")[0].split()
        if line:
            yield line[0], int(line[1])


def build(root, directory, names):
    env = dict(os.environ, CC="clang")
    for variable in ("CFLAGS", "LDFLAGS"):
        env.pop(variable, None)
    subprocess.run(["meson", "setup", str(directory), str(root), "-Dfuzz=true", "-Db_sanitize=address",
                    "-Db_lundef=false"], check=True, env=env, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(directory)] + [f"tests/fuzz/fuzz_{n}" for n in names],
                   check=True, env=env, stdout=subprocess.DEVNULL)


def run(root, tmp, directory, name):
    """The coverage that was reached, or 0 after a crash."""
    corpus = tmp / ("corpus_" + name)
    shutil.copytree(root / "tests/fuzz/corpus" / name, corpus)
    r = subprocess.run([str(directory / "tests/fuzz" / ("fuzz_" + name)), "-runs=20000", "-seed=1",
                        "-max_total_time=10", f"-artifact_prefix={tmp}/", str(corpus)],
                       capture_output=True, text=True, check=False, cwd=tmp)
    if r.returncode != 0:
        print(r.stderr[-4000:])
        return 0
    return max((int(v) for v in re.findall(r"cov: (\d+)", r.stderr)), default=0)


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="lke-fuzz-") as t:
        tmp = pathlib.Path(t)
        check_clang(tmp)
        want = list(floors(root / "tests/fuzz/floors.txt"))
        build(root, tmp / "build", [n for n, _ in want])
        for name, floor in want:
            got = run(root, tmp, tmp / "build", name)
            print(f"{name}: coverage {got}, floor {floor}{'' if got >= floor else ': TOO LOW'}")
            bad += got < floor
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
