#!/usr/bin/env python3
"""forward.py NAMESPACE ADDRESS PORT: brings a port of our loopback into another network namespace.

Who connects to ADDRESS:PORT there is connected to 127.0.0.1:PORT here; the bytes never leave the
kernel. So a server that runs as ever also serves a network that it knows nothing of. Prints "up"
when it listens, and ends when standard input closes.
"""
import ctypes
import os
import socket
import sys
import threading

CLONE_NEWNET = 0x40000000
AT_ONCE = 1 << 20


def enter(path):
    """Sockets of this thread are made in that namespace from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), path)
    os.close(descriptor)


def listen(namespace, address, port):
    enter(namespace)
    listener = socket.create_server((address, port), backlog=128)
    enter(f"/proc/{os.getppid()}/ns/net")
    return listener


def move(source, target):
    """Moves bytes until their end, and passes that on."""
    reader, writer = os.pipe()
    try:
        while count := os.splice(source.fileno(), writer, AT_ONCE):
            while count > 0:
                count -= os.splice(reader, target.fileno(), count)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone, so that the other has nobody to talk to.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
    finally:
        os.close(reader)
        os.close(writer)


def serve(client, port):
    try:
        server = socket.create_connection(("127.0.0.1", port))
    except OSError:
        client.close()
        return
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=move, args=(server, client), daemon=True)
    back.start()
    move(client, server)
    back.join()
    client.close()
    server.close()


def accept(listener, port):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, port), daemon=True).start()


def main():
    namespace, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    listener = listen(namespace, address, port)
    print("up", flush=True)
    threading.Thread(target=accept, args=(listener, port), daemon=True).start()
    sys.stdin.read()


main()
