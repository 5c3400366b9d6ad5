#!/usr/bin/env python3
"""firstbyte.py FILE OFFSET COUNT: seconds between open(2) returning and COUNT bytes at OFFSET
having been read; a negative OFFSET counts from the end. Prints a JSON object with seconds and the
SHA-256 of the bytes."""
import hashlib
import json
import os
import sys
import time


def main():
    path, offset, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    number = os.open(path, os.O_RDONLY)
    start = time.monotonic()
    os.lseek(number, offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
    data = b""
    while len(data) < count and (chunk := os.read(number, count - len(data))):
        data += chunk
    seconds = time.monotonic() - start
    print(json.dumps({
        "seconds": seconds, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
    }))


main()
