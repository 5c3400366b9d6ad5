#!/usr/bin/env python3
"""posix.py: what POSIX and Linux promise of a filesystem, as tables of assertions.

    posix.py [--settle COMMAND] [--times] [--prepare] DIR [AREA…]

Runs as root in new directories beneath DIR, which has to let other users in. Prints one line for
each assertion that does not hold, and at last `P passed, F failed`. A plain ext4 directory passes
all of it. Areas are the modules of this directory that have CASES; without any given, all of ALL.
Two more have to be named: `bucket` holds for a bucket alone, `readonly` for a read-only mount of
what `--prepare readonly` has made in DIR itself.

COMMAND makes the filesystem write back what it holds; cases that ask for files in that state run
it. Without one, sync(2) stands in.
"""
import argparse
import importlib
import os
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from ground import Ground  # noqa: E402

# What any filesystem of Linux passes.
ALL = [
    "opening", "directories", "unlinking", "renaming", "exchanging", "linking", "symlinks", "nodes",
    "modes", "owners", "times", "timestamps", "truncating", "access", "sticky", "errors", "listing",
    "xattrs", "acls", "allocating", "copying", "temporary", "locking", "mapping", "handles",
    "space",
]


def run_area(name, root, options, settle):
    module = importlib.import_module(name)
    passed, failures = 0, []
    for case in module.PREPARE if options.prepare else module.CASES:
        directory = root
        if not getattr(module, "IN_PLACE", False):
            directory = os.path.join(root, f"{name}.{case.__name__}")
            os.mkdir(directory, 0o755)
        os.chdir(directory)
        ground = Ground(f"{name}.{case.__name__}", settle)
        start = time.monotonic()
        ground.run(case)
        os.chdir("/")
        os.umask(0)
        if options.times:
            print(f"{time.monotonic() - start:6.2f} s  {ground.label}")
        passed += ground.passed
        failures += ground.failures
    return passed, failures


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--settle")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("directory")
    parser.add_argument("areas", nargs="*")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("posix.py: has to be root, to act as others")

    def settle():
        if options.settle:
            subprocess.run(shlex.split(options.settle), check=True, stdout=subprocess.DEVNULL)
        else:
            os.sync()

    os.umask(0)
    root = os.path.abspath(options.directory)
    passed, failures = 0, []
    for area in options.areas or ALL:
        good, bad = run_area(area, root, options, settle)
        passed += good
        failures += bad
        for failure in bad:
            print(failure, flush=True)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures or not passed else 0)


main()
