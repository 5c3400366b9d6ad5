"""What the wire gives without a file system: curl, and plain requests of our own.

A reference is the fastest of some ways to ask for the same bytes, since a slow one would flatter.
"""
import concurrent.futures
import html
import http.client
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse

import work

# Ranges that curl has under way at once for one large object, and the bytes of each.
STREAMS = (2, 4, 8)


def first_byte(store, url):
    """The milliseconds that curl needs for one byte, without the time in which curl starts."""
    words = [
        *store.enter, "curl", "-sf", "-o", os.devnull, "-r", "0-0", "-w", "%{time_total}", url]
    answer = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return float(answer) * 1e3


def curl_ranges(store, url, ranges, at_once, directory, keeps=False):
    """The seconds in which one curl fetches all `ranges`, so many at once. It keeps nothing, or
    files in `directory`."""
    script = directory / "curl"
    script.write_text("next\n".join(
        f'url = "{url}"\nrange = "{first}-{last}"\n'
        f'output = "{directory / f"part-{first}" if keeps else os.devnull}"\n'
        for first, last in ranges))
    return work.timed(
        work.run, *store.enter, "curl", "-sf", "--no-progress-meter", "--parallel",
        "--parallel-immediate", "--parallel-max", str(at_once), "-K", str(script))


def blocks(size, count):
    """A whole object in `count` ranges."""
    part = -(-size // count)
    return [(start, min(start + part, size) - 1) for start in range(0, size, part)]


def http_ranges(store, url, ranges, at_once):
    """The same by `at_once` threads that ask and wait, each on a connection that it keeps. This
    file is its own program: only another process can enter the store's network."""
    words = [*store.enter, sys.executable, __file__, url, str(at_once)]
    text = "\n".join(f"{first}-{last}" for first, last in ranges)
    return float(subprocess.run(
        words, check=True, input=text, capture_output=True, text=True).stdout)


def fetch(url, ranges, at_once):
    """What that program does: the seconds until all is there."""
    place = urllib.parse.urlsplit(url)
    target = url[url.index("/", len("http://")):]
    local = threading.local()

    def get(span):
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(place.hostname, place.port)
        local.connection.request("GET", target, headers={"Range": f"bytes={span}"})
        answer = local.connection.getresponse()
        answer.read()
        if answer.status != 206:
            raise RuntimeError(f"GET: {answer.status}")

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(at_once) as threads:
        for _ in threads.map(get, ranges):
            pass
    return time.perf_counter() - begin


def boto3_list(store, bucket, prefix):
    """The seconds in which boto3 lists all keys, 1,000 a page, and reads the answers."""
    begin = time.perf_counter()
    pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for _ in pages:
        pass
    return time.perf_counter() - begin


def bare_list(store, bucket, prefix):
    """The same without looking at the answers but for where the next page begins."""
    place = urllib.parse.urlsplit(store.endpoint)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    seconds, token = 0, ""
    while token is not None:
        more = {"ContinuationToken": token} if token else {}
        url = store.client.generate_presigned_url(
            "list_objects_v2", Params={"Bucket": bucket, "Prefix": prefix, **more})
        begin = time.perf_counter()
        connection.request("GET", url[len(store.endpoint):])
        answer = connection.getresponse()
        page = answer.read()
        seconds += time.perf_counter() - begin
        if answer.status != 200:
            raise RuntimeError(f"LIST: {answer.status} {page[:200]}")
        found = re.search(rb"<NextContinuationToken>([^<]+)<", page)
        token = html.unescape(found[1].decode()) if found else None
    return seconds


if __name__ == "__main__":
    print(fetch(sys.argv[1], sys.stdin.read().split(), int(sys.argv[2])))
