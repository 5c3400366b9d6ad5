"""The recording proxy of the tests between a target and the store, and what its record costs."""
import collections
import contextlib
import json
import subprocess
import sys
import urllib.parse

from server import SERVERS

# S3 Standard's list price in us-east-1: dollars a request.
WRITING, READING = 0.005 / 1_000, 0.0004 / 1_000
PRICES = {
    "PUT": WRITING, "PART": WRITING, "COPY": WRITING, "POST": WRITING, "LIST": WRITING,
    "GET": READING, "HEAD": READING, "DELETE": 0}


class Recorder:
    """`store` is the one behind it, as a target is to see it."""

    def __init__(self, store, process):
        self.process = process
        self.store = store.at(f"http://127.0.0.1:{process.stdout.readline().strip()}")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def clear(self):
        self.ask("clear")

    def requests(self):
        return self.ask("requests")


@contextlib.contextmanager
def recording(store):
    place = urllib.parse.urlsplit(store.endpoint).netloc
    process = subprocess.Popen(
        [sys.executable, SERVERS / "s3proxy.py", place], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        yield Recorder(store, process)
    finally:
        process.stdin.close()
        process.wait()


def kind(request):
    """The class of a request, as the bill has it."""
    method, query = request["method"], request["query"]
    is_object = request["path"].strip("/").count("/") > 0
    if method == "PUT" and request["copies"]:
        return "COPY"
    if method == "PUT":
        return "PART" if "uploadId=" in query else "PUT"
    if method == "GET" and not is_object:
        return "LIST"
    return method


def by_kind(requests):
    return collections.Counter(map(kind, requests))


def dollars(counts):
    return sum(PRICES.get(name, WRITING) * count for name, count in counts.items())
