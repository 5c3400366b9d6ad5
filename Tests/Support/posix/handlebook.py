#!/usr/bin/env python3
"""handlebook.py: file handles that outlive the mount they came from.

    handlebook.py save DIR > FILE   makes things of every kind in DIR and writes down their handles
    handlebook.py check DIR FILE    opens them by handle: exit code 1 and a line for each that fails
"""
import errno
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from ground import KINDS, make, read, write  # noqa: E402
from kernel import name_to_handle, open_by_handle  # noqa: E402


def save(root):
    os.chdir(root)
    os.makedirs("deep/er/still")
    paths = KINDS + [f"deep/er/still/{kind}" for kind in KINDS] + ["deep", "deep/er/still"]
    for kind in KINDS:
        make(kind, kind)
        make(kind, f"deep/er/still/{kind}")
    book = {path: name_to_handle(path).hex() for path in paths}
    write("gone", b"gone")
    book["gone"] = name_to_handle("gone").hex()
    os.unlink("gone")
    write("gone", b"taken")
    json.dump({"handles": book, "inodes": {p: os.lstat(p).st_ino for p in paths}}, sys.stdout)


def check(root, file):
    os.chdir(root)
    with open(file, encoding="utf-8") as source:
        book = json.load(source)
    here = os.open(".", os.O_RDONLY)
    problems = []
    # The deepest first: nothing on the way has been looked up in this mount.
    for path in sorted(book["inodes"], key=len, reverse=True):
        handle = bytes.fromhex(book["handles"][path])
        try:
            descriptor = open_by_handle(here, handle, os.O_PATH)
        except OSError as error:
            problems.append(f"{path}: {errno.errorcode[error.errno]}")
            continue
        if os.fstat(descriptor).st_ino != book["inodes"][path]:
            problems.append(f"{path}: another inode")
        os.close(descriptor)
    problems = problems or check_use(here, book)
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


def check_use(here, book):
    problems = []

    def by_handle(path, flags):
        return open_by_handle(here, bytes.fromhex(book["handles"][path]), flags)
    descriptor = by_handle("deep/er/still/file", os.O_RDWR)
    if os.pread(descriptor, 10, 0) != b"file":
        problems.append("other bytes by handle")
    os.pwrite(descriptor, b"F", 0)
    if read("deep/er/still/file") != b"File":
        problems.append("a write by handle is not in the file")
    directory = by_handle("deep/er/still", os.O_RDONLY | os.O_DIRECTORY)
    if sorted(os.listdir(directory)) != sorted(KINDS):
        problems.append("another listing by handle")
    if os.stat("..", dir_fd=directory).st_ino != os.stat("deep/er").st_ino:
        problems.append(".. of a handle is another directory")
    try:
        os.close(by_handle("gone", os.O_RDONLY))
        problems.append("a removed file was opened by handle")
    except OSError as error:
        if error.errno != errno.ESTALE:
            problems.append(f"a removed file by handle: {errno.errorcode[error.errno]}")
    return problems


def main():
    if sys.argv[1] == "save":
        save(sys.argv[2])
    else:
        check(*sys.argv[2:4])


main()
