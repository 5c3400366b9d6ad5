#!/usr/bin/env python3
"""killed.py MOUNT LEDGER SEED WRITERS LARGE: a mixed load that goes on whoever kills the filesystem
on MOUNT, for a test that does, and knows what was acknowledged.

LEDGER is a directory on another filesystem: each writer notes there what it begins, before, and
what has returned, after. LARGE is the size, in bytes, of a file that the first writer keeps, and
that goes up in parts. Each line of standard input is answered by one line of JSON:

    look    every writer stops, and compares all that it was acknowledged with what the mount shows;
            {"problems": [TEXT], "counts": {NAME: NUMBER}}
    go      they go on
"""
import ctypes
import json
import multiprocessing
import os
import signal
import sys

from writer import Writer


PR_SET_PDEATHSIG = 1


def work(channel, *arguments):
    # However the test ends, nobody stays behind.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    writer = Writer(*arguments)
    writer.prepare()
    channel.send("ready")
    while True:
        while channel.poll():
            if channel.recv() == "look":
                channel.send((writer.look_at_all(), writer.counts))
                channel.recv()
        writer.step()


def main():
    mount, ledger, seed, writers, large = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
    channels = []
    for number in range(writers):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(
            target=work, daemon=True,
            args=(theirs, mount, ledger, number, seed, large if number == 0 else 0))
        process.start()
        theirs.close()
        channels.append(ours)
    for channel in channels:
        channel.recv()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        for channel in channels:
            channel.send(line.strip())
        if line.strip() != "look":
            print(json.dumps("gone on"), flush=True)
            continue
        problems, counts = [], {}
        for channel in channels:
            wrong, counted = channel.recv()
            problems += wrong
            for name, number in counted.items():
                counts[name] = counts.get(name, 0) + number
        print(json.dumps({"problems": problems[:50], "counts": counts}), flush=True)


main()
