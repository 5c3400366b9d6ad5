#!/usr/bin/env python3
"""application.py DIR [USER]: an application that does in DIR what it is told, step by step, and keeps what
it has opened in between.

Reads one JSON request a line, {"run": STATEMENTS} or {"value": EXPRESSION}, and answers each with
one JSON line, {"ok": VALUE}, {"errno": NAME} for a system call that failed, or {"error": TRACE}.
`os`, `fcntl`, `mmap`, `stat`, what is defined here, and calls of Linux that Python does not have are
there. Ends when standard input closes.
"""
import ctypes
import errno
import fcntl
import json
import mmap
import os
import stat
import sys
import traceback


def write(name, data, mode=0o666):
    """Creates or replaces a file, in one go."""
    number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        append(number, data)
    finally:
        os.close(number)


def append(number, data):
    """All of it, however many calls that takes."""
    rest = memoryview(data.encode() if isinstance(data, str) else data)
    while rest:
        rest = rest[os.write(number, rest):]


def read(name):
    with open(name, "rb") as file:
        return file.read()


# Two names of one number.
ERRORS = errno.errorcode | {errno.EOPNOTSUPP: "EOPNOTSUPP"}

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_COLLAPSE, FALLOC_ZERO, FALLOC_INSERT = 1, 3, 8, 16, 32


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def renameat2(old, new, flags):
    checked(libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


def fallocate(number, mode, offset, length):
    checked(libc.fallocate(
        number, mode, ctypes.c_long(offset), ctypes.c_long(length)))


def handle_of(name):
    """name_to_handle_at(2): what an NFS server remembers of a file."""
    handle = ctypes.create_string_buffer(8 + 128)
    ctypes.c_uint.from_buffer(handle).value = 128
    mount = ctypes.c_int()
    checked(libc.name_to_handle_at(
        AT_FDCWD, os.fsencode(name), handle, ctypes.byref(mount), 0))
    return handle.raw


def open_handle(handle):
    directory = os.open(".", os.O_RDONLY)
    try:
        return checked(libc.open_by_handle_at(directory, handle, os.O_RDWR))
    finally:
        os.close(directory)


def data_runs(number):
    """The runs of data of a file, as SEEK_DATA and SEEK_HOLE tell them."""
    runs, end = [], 0
    while True:
        try:
            start = os.lseek(number, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return runs
            raise
        end = os.lseek(number, start, os.SEEK_HOLE)
        runs.append([start, end])


def main():
    os.umask(0o022)
    os.chdir(sys.argv[1])
    if len(sys.argv) > 2:
        os.setgroups([])
        os.setgid(int(sys.argv[2]))
        os.setuid(int(sys.argv[2]))
    names = dict(globals())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "run" in request:
                exec(request["run"], names)
                answer = {"ok": None}
            else:
                value = eval(request["value"], names)
                answer = {"ok": value.decode() if isinstance(value, bytes) else value}
        except OSError as error:
            answer = {"errno": ERRORS.get(error.errno, str(error))}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


main()
