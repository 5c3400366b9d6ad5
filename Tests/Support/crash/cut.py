#!/usr/bin/env python3
"""cut.py MOUNT LEDGER FIXED SEED WRITERS: a mixed load on a filesystem whose host loses power again
and again, which knows what was synchronized.

LEDGER is a directory on another filesystem, where each writer notes what it does. FIXED is another
one, whose files the store has beneath `fixed/`: they are read all the time and never change. Each
line of standard input is answered by one line of JSON:

    go STATE    the writers begin, and what the kernel would write back by itself is written back at
                random in the directory STATE
    stop        they stop where they are; to be said when the filesystem is dead
    look        they compare what there is with what has to be there, and may be there;
                {"problems": [TEXT], "counts": {NAME: NUMBER}}
"""
import ctypes
import glob
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import traceback

from durable import DurableWriter, Reader

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)
SYNC_FILE_RANGE_WAIT, SYNC_FILE_RANGE_WRITE = 5, 2


def work(channel, writer):
    # However the test ends, nobody stays behind.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    writer.prepare()
    channel.send("ready")
    is_going = False
    while True:
        while channel.poll(None if not is_going else 0):
            command = channel.recv()
            is_going = command == "go"
            if command == "look":
                try:
                    writer.look()
                except Exception:
                    writer.wrong(traceback.format_exc()[-280:])
                channel.send((writer.problems, writer.counts))
            elif command == "stop":
                channel.send("stopped")
        if is_going:
            try:
                writer.operate()
            except OSError as error:
                if not writer.ground.is_dead(error):
                    writer.wrong(f"{error!r}")
                is_going = False


class Writeback(threading.Thread):
    """What a kernel does by itself, some time: pages of any file, with its metadata or without."""

    def __init__(self, state, seed):
        super().__init__(daemon=True)
        self.state, self.random = state, random.Random(seed)
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(self.random.uniform(0.005, 0.06)):
            # The log is one file among many.
            files = glob.glob(f"{self.state}/content/*/*") + 3 * glob.glob(f"{self.state}/*-wal")
            if not files:
                continue
            try:
                number = os.open(self.random.choice(files), os.O_RDONLY)
            except FileNotFoundError:
                continue
            if self.random.random() < 0.5:
                os.fdatasync(number)
            else:
                libc.sync_file_range(
                    number, ctypes.c_int64(4_096 * self.random.randint(0, 8)), ctypes.c_int64(0),
                    SYNC_FILE_RANGE_WAIT | SYNC_FILE_RANGE_WRITE)
            os.close(number)

    def end(self):
        self.is_over.set()
        self.join()


def main():
    mount, ledger, fixed, seed, writers = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    channels = []
    for number in range(writers + 1):
        ours, theirs = multiprocessing.Pipe()
        worker = (
            DurableWriter(mount, ledger, number, seed) if number < writers
            else Reader(mount, fixed, seed))
        multiprocessing.Process(target=work, daemon=True, args=(theirs, worker)).start()
        theirs.close()
        channels.append(ours)
    for channel in channels:
        channel.recv()
    print(json.dumps("ready"), flush=True)
    writeback = None
    for turn, line in enumerate(sys.stdin):
        command, *words = line.split()
        if command == "go":
            writeback = Writeback(words[0], seed * 1_000 + turn)
            writeback.start()
        elif writeback:
            writeback.end()
            writeback = None
        for channel in channels:
            channel.send(command)
        answers = [channel.recv() for channel in channels] if command != "go" else []
        if command != "look":
            print(json.dumps(command), flush=True)
            continue
        counts = {}
        for _, counted in answers:
            for name, number in counted.items():
                counts[name] = counts.get(name, 0) + number
        problems = [problem for wrong, _ in answers for problem in wrong]
        print(json.dumps({"problems": problems[:50], "counts": counts}), flush=True)


main()
