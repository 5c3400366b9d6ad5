#!/usr/bin/env python3
"""Copies a tree file by file and keeps a ledger of what was acknowledged, for a test that kills
the filesystem under it.

    acknowledged.py copy SOURCE TARGET LEDGER
    acknowledged.py check SOURCE TARGET LEDGER

The ledger lies on another filesystem and gets one JSON line, written with one write(2), after each
operation that returned: {"made": PATH} after mkdir and symlink, {"written": PATH, "size": N} after
a write(2), {"done": PATH} after close(2). `copy` ends quietly when the filesystem goes away.
`check` prints what the ledger promises and the target does not hold; exit code 1 if anything.
"""
import json
import os
import sys

CHUNK = 1 << 17


def copy(source, target, ledger):
    def note(**entry):
        os.write(ledger, (json.dumps(entry) + "\n").encode())

    for directory, subdirectories, names in os.walk(source):
        subdirectories.sort()
        for name in subdirectories:
            path = os.path.relpath(f"{directory}/{name}", source)
            os.mkdir(f"{target}/{path}")
            note(made=path)
        for name in sorted(names):
            path = os.path.relpath(f"{directory}/{name}", source)
            full = f"{source}/{path}"
            if os.path.islink(full):
                os.symlink(os.readlink(full), f"{target}/{path}")
                note(made=path)
            else:
                copy_file(full, f"{target}/{path}", path, note)


def copy_file(source, target, path, note):
    size = 0
    with open(source, "rb") as file:
        out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        while chunk := file.read(CHUNK):
            while chunk:
                count = os.write(out, chunk)
                size += count
                chunk = chunk[count:]
                note(written=path, size=size)
        os.fchmod(out, os.stat(source).st_mode & 0o7777)
        os.close(out)
    note(done=path)


def promises(ledger):
    made, written, done = set(), {}, set()
    with open(ledger) as file:
        for line in file:
            entry = json.loads(line)
            if "made" in entry:
                made.add(entry["made"])
            elif "written" in entry:
                written[entry["written"]] = entry["size"]
            else:
                done.add(entry["done"])
    return made, written, done


def check(source, target, ledger):
    made, written, done = promises(ledger)
    problems = [f"lost: {path!r}" for path in made if not os.path.lexists(f"{target}/{path}")]
    for path in written.keys() | done:
        promised = written.get(path, 0)
        try:
            info = os.stat(f"{target}/{path}")
        except OSError as error:
            problems.append(f"lost: {path!r}: {error}")
            continue
        if info.st_size < promised or (path in done and info.st_size != promised):
            problems.append(f"{path!r}: {info.st_size} bytes, {promised} acknowledged")
        elif not same_start(f"{source}/{path}", f"{target}/{path}", promised):
            problems.append(f"{path!r}: other bytes than were acknowledged")
        if path in done and info.st_mode != os.stat(f"{source}/{path}").st_mode:
            problems.append(f"{path!r}: mode {info.st_mode:o}")
    return sorted(problems), len(made), len(written.keys() | done), len(done)


def same_start(left, right, count):
    with open(left, "rb") as one, open(right, "rb") as other:
        while count > 0:
            length = min(count, 1 << 20)
            if one.read(length) != other.read(length):
                return False
            count -= length
    return True


def main():
    command, source, target, ledger = sys.argv[1:]
    if command == "copy":
        number = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            copy(source, target, number)
            print("complete")
        except OSError as error:
            print(f"ended by {error}")
    else:
        problems, made, files, done = check(source, target, ledger)
        print(f"acknowledged: {made} made, {files} written to, {done} closed")
        print("\n".join(problems[:50]))
        sys.exit(1 if problems else 0)


main()
