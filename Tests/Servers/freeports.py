#!/usr/bin/env python3
"""freeports.py COUNT: prints the first of COUNT adjacent loopback ports that are free now.

Below 32768, where the kernel does not hand out ports to outgoing connections.
"""
import random
import socket
import sys


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def main():
    count = int(sys.argv[1])
    for _ in range(1000):
        first = random.randrange(12000, 32000 - count)
        if all(is_free(port) for port in range(first, first + count)):
            print(first)
            return
    sys.exit("no free ports")


main()
