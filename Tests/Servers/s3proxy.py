#!/usr/bin/env python3
"""s3proxy.py HOST:PORT: a recording and shaping proxy in front of an HTTP server.

Requests and answers pass unchanged (the Host header too: it is signed). Each request is recorded
with method, path, query, range, status and the bytes of both bodies. The first line on standard
output is the port; from then on it obeys lines on standard input and answers each with one line:

    limit N      at most N bytes of answers a second, over all connections; 0 lifts the limit
    stop         refuse connections and reset those that are open, like a stopped server
    start        accept connections again, on the same port
    hang         take requests and answer nothing
    resume       answer again
    fail S CODE  answer every request with status S and that S3 error; without both it ends
    refuse M S CODE  the same for requests of method M, or for copies of whole objects where M is
                 COPY; without all three it ends
    faults SEED P [KIND,...]  hits requests with probability P, each with one of the faults that
                 faults.py names, or of those listed; P 0 ends it
    load         JSON of the requests so far: how many, how many of each fault and of each method,
                 the most that began within one second, and the seconds from the first to the last
    requests     JSON list of all requests so far, those under way too (status null)
    clear        forget the requests

It ends when standard input closes.
"""
import asyncio
import collections
import json
import os
import select
import socket
import sys
import time
from urllib.parse import urlsplit

from faults import SLOWNESS, Faults

CHUNK = 1 << 18
# A throttled connection writes this much at once: small enough for an even flow.
SLICE = 1 << 14
HEAD_LIMIT = 1 << 20
# Nobody waits longer for a connection on which nothing moves, in seconds.
STALL = 300


class Bucket:
    """A token bucket over all answers; the time of the next slice is handed out in turn."""

    def __init__(self):
        self.rate = 0
        self.next = 0.0

    async def take(self, count):
        if self.rate == 0:
            return
        now = time.monotonic()
        start = max(self.next, now)
        self.next = start + count / self.rate
        if start > now:
            await asyncio.sleep(start - now)


class Head:
    """The first lines of a request or an answer, and what they say of the body behind them."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.first = lines[0].split(" ", 2)
        self.fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.fields[name.strip().lower()] = value.strip()

    @property
    def is_chunked(self):
        return "chunked" in self.fields.get("transfer-encoding", "").lower()

    @property
    def length(self):
        return int(self.fields.get("content-length", "0"))

    @property
    def closes(self):
        return self.fields.get("connection", "").lower() == "close"


class Ended(Exception):
    """A fault has ended the connection in all order."""


async def read_head(reader):
    raw = await reader.readuntil(b"\r\n\r\n")
    return Head(raw)


class Connection:
    """One client's connection and the server's that goes with it."""

    def __init__(self, proxy, client, client_out):
        self.proxy = proxy
        self.client = client
        self.client_out = client_out
        self.server_out = None
        self.fault = None

    async def run(self):
        try:
            self.server, self.server_out = await asyncio.open_connection(
                *self.proxy.target, limit=HEAD_LIMIT)
            try:
                while await self.exchange():
                    pass
            except Ended:
                pass
            await self.client_out.drain()
            self.client_out.close()
            await asyncio.wait_for(self.client_out.wait_closed(), 5)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError,
                TimeoutError):
            pass  # Either side went away, or the proxy ends.
        finally:
            self.abort()

    def abort(self):
        for writer in (self.client_out, self.server_out):
            if writer is not None:
                reset(writer)

    async def exchange(self):
        """One request and its answer; false when the connection is done."""
        request = await read_head(self.client)
        record = self.proxy.record(request)
        await self.proxy.running.wait()
        if self.proxy.refuses(request.first[0], record):
            return self.fail(request, record, *self.proxy.failure)
        self.fault = fault = self.proxy.faults.draw(request)
        source = self.client
        if fault is not None:
            record["fault"] = fault.kind
            if fault.status is not None:
                await self.body(request, record)
                return self.fail(request, record, *fault.status)
            if fault.kind == "error-in-200":
                await self.body(request, record)
                return self.fail(request, record, 200, "InternalError")
            if fault.kind == "slow":
                await asyncio.sleep(fault.random.random() * SLOWNESS)
            if fault.kind == "twice":
                source = await self.send_before(request, record)
            if fault.side == "received":
                fault.place(request)
        self.server_out.write(request.raw)
        sending = asyncio.ensure_future(
            self.pump(request, source, self.server_out, record, "received"))
        try:
            answer = await self.answer_head(sending)
            while answer.first[1].startswith("1"):
                self.client_out.write(answer.raw)
                answer = await self.answer_head(sending)
            await self.proxy.running.wait()
            record["status"] = int(answer.first[1])
            raw = answer.raw
            if fault is not None:
                raw = fault.spoils_head(answer)
                record["fault"] = fault.kind
                if fault.side == "sent":
                    fault.place(answer)
            bodiless = request.first[0] == "HEAD" or answer.first[1] in ("204", "304")
            if fault is not None and fault.kind == "lost":
                if not bodiless:
                    await self.pump(answer, self.server, Nowhere(), record, "lost")
                return self.abort()
            if bodiless and fault is not None and fault.side == "sent":
                if fault.kind.startswith("stall"):
                    await self.stall()
                return self.abort()
            self.client_out.write(raw)
            if not bodiless:
                await self.pump(answer, self.server, self.client_out, record, "sent")
            if raw != answer.raw:
                raise Ended  # The client cannot know where the next answer begins.
            await self.client_out.drain()
            if not sending.done():
                return False  # The server answered early: the rest of the body has no reader.
            await sending
            return not (request.closes or answer.closes)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            record["ended"] = time.monotonic()

    async def answer_head(self, sending):
        """Waits for the answer, unless a fault ends the request before."""
        head = asyncio.ensure_future(read_head(self.server))
        try:
            await asyncio.wait({head, sending}, return_when=asyncio.FIRST_COMPLETED)
            if not head.done() and sending.exception() is not None:
                raise sending.exception()
            return await head
        finally:
            head.cancel()

    async def body(self, request, record):
        """Takes the body of a request that is not passed on: an answer before it might get lost."""
        keeper = Keeper()
        await self.pump(request, self.client, keeper, record, "received", spoils=False)
        return bytes(keeper.data)

    async def send_before(self, request, record):
        """Sends the request on a connection of its own, and gives its body again. What the answer
        is, only the request that follows tells, as when a proxy has tried again."""
        body = await self.body(request, record)
        record["received"] = 0
        reader, writer = await asyncio.open_connection(*self.proxy.target, limit=HEAD_LIMIT)
        try:
            writer.write(request.raw + body)
            answer = await read_head(reader)
            if request.first[0] != "HEAD" and answer.first[1] not in ("204", "304"):
                await self.pump(answer, reader, Nowhere(), record, "lost")
        finally:
            reset(writer)
        again = asyncio.StreamReader()
        again.feed_data(body)
        again.feed_eof()
        return again

    async def stall(self):
        end = time.monotonic() + STALL
        while time.monotonic() < end and not (
                self.client.at_eof() or self.client_out.transport.is_closing()):
            await asyncio.sleep(0.1)
        raise EOFError

    async def spoil(self, data, record, counter):
        """What a fault leaves of bytes that are about to be passed on; raises where they end."""
        fault = self.fault
        position = fault.cut - record[counter]
        if not 0 <= position <= len(data):
            return data
        if fault.kind.startswith("flip"):
            if position == len(data):
                return data
            return data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1:]
        writer = self.server_out if counter == "received" else self.client_out
        writer.write(data[:position])
        await writer.drain()
        record[counter] += position
        if fault.kind == "truncate":
            raise Ended
        if fault.kind.startswith("stall"):
            await self.stall()
        self.abort()
        raise EOFError

    def fail(self, request, record, status, code, fields=""):
        body = "" if request.first[0] == "HEAD" else (
            f"<Error><Code>{code}</Code><Message>Told to fail</Message></Error>")
        self.client_out.write(
            f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\n"
            f"{fields}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        self.client_out.write_eof()
        record["status"] = int(status)
        record["ended"] = time.monotonic()
        return False

    async def pump(self, head, reader, writer, record, counter, spoils=True):
        spoils = spoils and self.fault is not None and self.fault.side == counter
        if head.is_chunked:
            while True:
                line = await reader.readline()
                writer.write(line)
                size = int(line.split(b";")[0], 16)
                await self.copy(size, reader, writer, record, counter, spoils)
                writer.write(await reader.readline())
                if size == 0:
                    break
        elif counter == "sent" and "content-length" not in head.fields:
            await self.copy(sys.maxsize, reader, writer, record, counter, spoils)
        else:
            await self.copy(head.length, reader, writer, record, counter, spoils)
        await writer.drain()

    async def copy(self, count, reader, writer, record, counter, spoils):
        if spoils and count == 0:
            await self.spoil(b"", record, counter)
        while count > 0:
            limited = counter == "sent" and self.proxy.bucket.rate > 0
            data = await reader.read(min(count, SLICE if limited else CHUNK))
            if not data:
                raise EOFError
            if limited:
                await self.proxy.bucket.take(len(data))
            count -= len(data)
            if spoils:
                data = await self.spoil(data, record, counter)
            writer.write(data)
            await writer.drain()
            record[counter] += len(data)


class Nowhere:
    """Takes what nobody gets to see."""

    def write(self, data):
        pass

    async def drain(self):
        pass


class Keeper(Nowhere):
    """Takes what is sent again."""

    def __init__(self):
        self.data = bytearray()

    def write(self, data):
        self.data += data


def reset(writer):
    """Closes with a reset when bytes are left, as a killed server does."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


class Proxy:
    def __init__(self, target):
        self.target = target
        self.bucket = Bucket()
        self.failure = None
        # The method of the requests that fail; empty for all.
        self.failing = ""
        self.faults = Faults()
        self.running = asyncio.Event()
        self.running.set()
        self.connections = set()
        self.requests = []
        self.listener = None
        self.port = 0

    def record(self, request):
        url = urlsplit(request.first[1])
        record = {
            "method": request.first[0], "path": url.path, "query": url.query,
            "range": request.fields.get("range"), "status": None, "received": 0, "sent": 0,
            "lost": 0, "fault": None,
            "copies": "x-amz-copy-source" in request.fields,
            "started": time.monotonic(), "ended": None,
        }
        self.requests.append(record)
        return record

    def refuses(self, method, record):
        if self.failing == "COPY":
            return record["copies"] and "uploadId" not in record["query"]
        return self.failure is not None and self.failing in ("", method)

    def load(self):
        starts = sorted(request["started"] for request in self.requests)
        peak, first = 0, 0
        for index, start in enumerate(starts):
            while start - starts[first] >= 1:
                first += 1
            peak = max(peak, index - first + 1)
        faults = collections.Counter(
            request["fault"] for request in self.requests if request["fault"])
        methods = collections.Counter(request["method"] for request in self.requests)
        return {
            "requests": len(starts), "peak": peak, "faults": faults, "methods": methods,
            "seconds": starts[-1] - starts[0] if starts else 0,
        }

    async def accept(self, reader, writer):
        if self.listener is None:
            return reset(writer)  # It was taken in the moment of the stop.
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def start(self):
        if self.listener is None:
            self.listener = await asyncio.start_server(
                self.accept, "127.0.0.1", self.port, limit=HEAD_LIMIT)
            self.port = self.listener.sockets[0].getsockname()[1]

    async def stop(self):
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        for connection in list(self.connections):
            connection.abort()

    async def obey(self, words):
        if words[0] == "limit":
            self.bucket.rate = int(words[1])
        elif words[0] in ("start", "stop"):
            await getattr(self, words[0])()
        elif words[0] == "hang":
            self.running.clear()
        elif words[0] == "resume":
            self.running.set()
        elif words[0] == "fail":
            self.failure, self.failing = (words[1:3] if len(words) == 3 else None), ""
        elif words[0] == "refuse":
            self.failure = words[2:4] if len(words) == 4 else None
            self.failing = words[1] if len(words) == 4 else ""
        elif words[0] == "faults":
            only = words[3].split(",") if len(words) > 3 else None
            self.faults = Faults(int(words[1]), float(words[2]), only)
        elif words[0] == "load":
            return json.dumps(self.load())
        elif words[0] == "clear":
            self.requests = []
        elif words[0] == "requests":
            return json.dumps(self.requests)
        else:
            return json.dumps({"error": f"unknown command {words[0]}"})
        return json.dumps({"ok": words[0]})


def say(line):
    """Standard output is the socket that standard input is, and that asyncio does not let block."""
    rest = memoryview((line + "\n").encode())
    while rest:
        try:
            rest = rest[os.write(sys.stdout.fileno(), rest):]
        except BlockingIOError:
            select.select([], [sys.stdout], [])


async def main():
    host, _, port = sys.argv[1].rpartition(":")
    proxy = Proxy((host, int(port)))
    await proxy.start()
    print(proxy.port, flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        say(await proxy.obey(line.decode().split()))
    await proxy.stop()


asyncio.run(main())
