"""A store that is far away: the same server, behind a wire with a true round trip and a rate."""
import contextlib
import subprocess
import sys
import urllib.parse

import settings
from targets import scratch

HERE = settings.ROOT / "Tests/Benchmarks"
SERVER = "198.18.0.1"
# Large packets: the wire is a program too, and takes a processor for each of them.
MTU, QUEUE_MS = 9_000, 50


@contextlib.contextmanager
def process(words, **options):
    """One that says "up …" when it is ready and ends when its standard input closes; yields it and
    the words behind "up"."""
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    try:
        answer = child.stdout.readline().split()
        if answer[:1] != ["up"]:
            raise RuntimeError(f"{words[0]} did not start")
        yield child, answer[1:]
    finally:
        child.stdin.close()
        child.wait()


@contextlib.contextmanager
def far(store, round_trip_ms, rate_mbit):
    """The store as seen from the other end of the wire; `enter` of it goes there."""
    port = urllib.parse.urlsplit(store.endpoint).port
    with scratch() as directory:
        program = directory / "wan"
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "wan.c"], check=True)
        wire = [program, str(round_trip_ms / 2), str(rate_mbit), str(QUEUE_MS), str(MTU)]
        with process(wire) as (child, spaces):
            server, client = (f"/proc/{child.pid}/fd/{space}" for space in spaces)
            forward = [sys.executable, HERE / "forward.py", server, SERVER, str(port)]
            with process(forward):
                yield store.at(f"http://{SERVER}:{port}", ("nsenter", f"--net={client}", "--"))
