#!/usr/bin/env python3
"""Files that are here and not in the store, some of them open: `held.py make|check DIRECTORY COUNT`.

`make` says "made" when all has been acknowledged, and keeps every second file open until it is
ended. `check` fails unless each file holds what was acknowledged.
"""
import os
import sys


def name(directory, number):
    return f"{directory}/{number % 7}/file {number}"


def content(number):
    return f"{number} acknowledged\n".encode() * (1 + number * 37 % 400)


def make(directory, count):
    kept = []
    for number in range(count):
        os.makedirs(os.path.dirname(name(directory, number)), exist_ok=True)
        descriptor = os.open(name(directory, number), os.O_CREAT | os.O_WRONLY, 0o640)
        os.write(descriptor, content(number))
        if number % 2:
            kept.append(descriptor)
        else:
            os.close(descriptor)
    print("made", flush=True)
    sys.stdin.read()


def check(directory, count):
    for number in range(count):
        with open(name(directory, number), "rb") as file:
            if file.read() != content(number):
                sys.exit(f"{name(directory, number)} holds something else")
    found = sum(len(names) for _, _, names in os.walk(directory))
    if found != count:
        sys.exit(f"{found} files instead of {count}")


{"make": make, "check": check}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
