"""One writer of a directory that may die at any moment: what it does at random, what it was
acknowledged, and what it makes of a call that was under way when the filesystem died.

The model is what the filesystem has to show: a path's bytes, or `True` for a directory. A call that
did not return may have happened, or not; a write may have happened in part, from its first byte on.
Which one it was is looked up when the filesystem is back, and holds from then on.
"""
import json
import os
import random
import time

from ground import Ground, close_dead, common

RECENT = 12  # Paths that were touched last: some of them are read after every restart.
CHUNK = 1 << 18


class Writer:
    def __init__(self, mount, ledger, number, seed, large):
        self.ground = Ground(mount)
        self.number, self.home = number, f"w{number}"
        self.random = random.Random(seed * 1_000 + number)
        self.ledger = os.open(
            f"{ledger}/{self.home}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.model = {}
        self.handles = {}  # path: descriptor, for writes that go on and on
        self.recent = []
        self.records = []  # what it appended to the file that all writers share
        self.pending = None
        self.problems = []
        self.counts = {"operations": 0, "interrupted": 0, "happened": 0, "partly": 0, "checked": 0}
        self.large = large
        self.last = 0

    # MARK: The loop

    def prepare(self):
        self.ground.connect()
        os.mkdir(self.home, dir_fd=self.ground.root)
        self.model[self.home] = True

    def step(self):
        """One operation, or what has to be done before the next one."""
        try:
            if self.ground.root is None:
                self.ground.connect()
                self.settle()
                self.look()
            self.operate()
        except OSError as error:
            self.failed(error)

    def failed(self, error):
        if not self.ground.is_dead(error):
            self.wrong(f"{error!r} while {self.pending}")
            self.pending = None
        elif self.pending:
            self.counts["interrupted"] += 1
        for number in self.handles.values():
            close_dead(number)
        self.handles.clear()
        self.ground.disconnect()

    def wrong(self, text):
        self.problems.append(f"{time.strftime('%H:%M:%S')} {self.home}: {text}"[:500])
        self.note(problem=text[:500])

    def note(self, **entry):
        os.write(self.ledger, (json.dumps(entry) + "\n").encode())

    # MARK: After a death

    def settle(self):
        """What became of the call that was under way."""
        if not self.pending:
            return
        operation, *words = self.pending
        getattr(self, "settle_" + operation)(*words)
        self.note(settled=operation)
        self.pending = None

    def settle_write(self, path, offset, data):
        old = self.model[path]
        now = self.ground.read(path) if len(old) < CHUNK else self.read_around(path, offset, data)
        if now is None or now is True:
            return self.wrong(f"{path}: lost while it was written")
        end = offset + len(data)
        if len(now) > len(old):
            count = len(now) - offset
        else:
            count = common(now[offset:end], data)
        if not 0 <= count <= len(data) or now != patched(old, offset, data[:count]):
            self.wrong(
                f"{path}: neither old nor new: {len(now)} bytes, {len(old)} before {len(data)} at"
                f" {offset}, {difference(now, patched(old, offset, data[:max(0, count)]))}")
        if count:
            self.counts["happened" if count == len(data) else "partly"] += 1
        self.model[path] = bytearray(now)

    def read_around(self, path, offset, data):
        """The whole file, of which only what may have changed is read."""
        number = self.ground.open(path, os.O_RDONLY)
        try:
            size = os.fstat(number).st_size
            whole = bytearray(self.model[path][:size].ljust(size, b"\0"))
            end = min(size, max(offset + len(data), len(self.model[path])))
            start = min(offset, len(self.model[path]))
            if end - start > 4 * CHUNK:
                end = start + 4 * CHUNK
            while start < end:
                piece = os.pread(number, end - start, start)
                whole[start:start + len(piece)] = piece
                start += max(1, len(piece))
            return bytes(whole)
        finally:
            os.close(number)

    def settle_either(self, *outcomes):
        """Each outcome is what some paths show, all of them together."""
        outcomes = [dict(outcome) for outcome in outcomes]
        shown = {path: self.ground.read(path) for path in outcomes[0]}
        for index, outcome in enumerate(outcomes):
            if all(same(shown[path], value) for path, value in outcome.items()):
                self.counts["happened"] += index > 0
                return self.take(outcome)
        self.wrong(f"neither old nor new: {describe(shown)}; {[describe(o) for o in outcomes]}")
        self.take(shown)

    def settle_move(self, old, new):
        """Of a directory and all that is in it."""
        before, after = self.ground.read(old), self.ground.read(new)
        if (before, after) == (None, True):
            self.counts["happened"] += 1
            self.move_model(old, new)
        elif (before, after) != (True, None):
            self.wrong(f"{old} is {before}, {new} is {after} after a rename")

    def settle_record(self, record):
        if record in (self.ground.read("log") or b""):
            self.counts["happened"] += 1
            self.records.append(record)

    def take(self, outcome):
        for path, value in outcome.items():
            if value is None:
                self.model.pop(path, None)
            else:
                self.model[path] = True if value is True else bytearray(value)

    # MARK: Looking

    def look(self):
        """At what was touched last, and at the names in one directory."""
        for path in self.random.sample(self.recent, min(4, len(self.recent))):
            self.compare(path)
        self.compare_names(self.random.choice(self.directories()))
        self.compare_records()

    def look_at_all(self):
        """Returns what is wrong."""
        while True:
            try:
                self.ground.connect()
                self.settle()
                for path in sorted(self.model):
                    if self.model[path] is True:
                        self.compare_names(path)
                    else:
                        self.compare(path)
                self.compare_records()
                return self.problems
            except OSError as error:
                self.failed(error)
                if self.ground.root is not None or len(self.problems) > 100:
                    return self.problems

    def compare(self, path):
        expected = self.model.get(path)
        if expected is True:
            return
        self.counts["checked"] += 1
        try:
            shown = self.ground.read(path)
        except OSError as error:
            if self.ground.is_dead(error):
                raise
            return self.wrong(f"{path}: {error!r}")
        if not same(shown, expected):
            text = difference(shown, expected) if shown and expected else ""
            self.wrong(f"{path}: {describe({path: shown})}, not {describe({path: expected})} {text}")
            self.take({path: shown})

    def compare_names(self, directory):
        expected = {
            path[len(directory) + 1:] for path in self.model
            if path.startswith(directory + "/") and "/" not in path[len(directory) + 1:]
        }
        shown = self.ground.names(directory)
        if shown != expected:
            self.wrong(f"{directory}: without {expected - shown}, with {shown - expected}")

    def compare_records(self):
        if not self.records:
            return
        log = self.ground.read("log") or b""
        lost = [record for record in self.records if log.count(record) != 1]
        if lost:
            again = self.ground.read("log") or b""
            self.wrong(
                f"log: {len(lost)} of {len(self.records)} records lost, like {lost[0]}: there "
                f"{log.count(lost[0])} times, {again.count(lost[0])} when looked for again; "
                f"{len(log)} bytes, then {len(again)}, that end in {again[-100:]}")
            self.records = [record for record in self.records if log.count(record) == 1]

    # MARK: Operations

    def directories(self):
        return [path for path, value in self.model.items() if value is True]

    def files(self):
        return [path for path, value in self.model.items() if value is not True]

    def operate(self):
        files = self.files()
        kinds = {
            "create": max(1, 24 - len(files)), "overwrite": 14, "append": 12, "stream": 14,
            "rename": 10, "replace": 8, "rewrite": 6, "truncate": 6, "remove": len(files) // 3,
            "mkdir": 3, "rmdir": 2, "move": 2, "sync": 4, "record": 5,
        }
        if self.large:
            kinds |= {"grow": 12, "patch": 6}
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        getattr(self, kind)(files)
        self.counts["operations"] += 1

    def begin(self, *operation):
        """What may have happened from now on, noted before it does."""
        self.pending = operation
        self.note(begin=[word if isinstance(word, (str, int)) else describe_any(word)
                         for word in operation])

    def done(self, *paths):
        self.pending = None
        self.note(done=len(self.recent))
        for path in paths:
            if path in self.recent:
                self.recent.remove(path)
            self.recent.append(path)
        self.recent = [path for path in self.recent if path in self.model][-RECENT:]

    def new_path(self):
        self.last += 1
        return f"{self.random.choice(self.directories())}/f{self.last}"

    def bytes(self):
        return self.random.randbytes(
            self.random.choice([1, 100, 4_095, 4_096, 4_097, 20_000, 131_072, 300_000]))

    def some(self, files):
        small = [path for path in files if not path.endswith("/large")]
        return self.random.choice(small) if small else None

    def write(self, number, path, offset, data):
        """All of `data`, however many calls that takes; each one counts when it returns."""
        while data:
            self.begin("write", path, offset, data)
            count = os.pwrite(number, data, offset)
            self.model[path] = patched(self.model[path], offset, data[:count])
            self.done(path)
            offset, data = offset + count, data[count:]

    def create(self, _):
        path = self.new_path()
        self.begin("either", [(path, None)], [(path, b"")])
        number = self.ground.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            self.model[path] = bytearray()
            self.done(path)
            if self.random.random() < 0.9:
                self.write(number, path, 0, self.bytes())
        finally:
            os.close(number)

    def overwrite(self, files):
        if path := self.some(files):
            number = self.ground.open(path, os.O_WRONLY)
            try:
                for _ in range(self.random.randint(1, 3)):
                    # Behind the end as well: what is between is a hole.
                    self.write(
                        number, path, self.random.randint(0, len(self.model[path]) + 5_000),
                        self.bytes())
            finally:
                os.close(number)

    def append(self, files):
        if path := self.some(files):
            number = self.ground.open(path, os.O_WRONLY | os.O_APPEND)
            try:
                self.write(number, path, len(self.model[path]), self.bytes())
            finally:
                os.close(number)

    def stream(self, files):
        """A file that stays open: its row is not settled for long."""
        if not (path := self.some(files)):
            return
        if path not in self.handles:
            if len(self.handles) > 4:
                os.close(self.handles.pop(self.random.choice(list(self.handles))))
            self.handles[path] = self.ground.open(path, os.O_RDWR)
        for _ in range(self.random.randint(1, 6)):
            self.write(
                self.handles[path], path, self.random.randint(0, len(self.model[path])),
                self.random.randbytes(self.random.choice([10, 4_096, 10_000])))

    def forget_handle(self, path):
        if path in self.handles:
            os.close(self.handles.pop(path))

    def rename(self, files):
        if path := self.some(files):
            self.rename_to(path, self.new_path())

    def replace(self, files):
        """As editors save: a new file takes the place of an old one."""
        if not (target := self.some(files)):
            return
        path = self.new_path()
        self.begin("either", [(path, None)], [(path, b"")])
        number = self.ground.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            self.model[path] = bytearray()
            self.done(path)
            self.write(number, path, 0, self.bytes())
            if self.random.random() < 0.5:
                os.fsync(number)
        finally:
            os.close(number)
        self.rename_to(path, target)

    def rename_to(self, path, target):
        old, new = bytes(self.model[path]), self.model.get(target)
        self.begin(
            "either", [(path, old), (target, None if new is None else bytes(new))],
            [(path, None), (target, old)])
        os.rename(path, target, src_dir_fd=self.ground.root, dst_dir_fd=self.ground.root)
        self.forget_handle(target)
        if path in self.handles:
            self.handles[target] = self.handles.pop(path)
        self.take({path: None, target: old})
        self.done(target)

    def rewrite(self, files):
        if path := self.some(files):
            self.begin("either", [(path, bytes(self.model[path]))], [(path, b"")])
            number = self.ground.open(path, os.O_WRONLY | os.O_TRUNC)
            try:
                self.model[path] = bytearray()
                self.done(path)
                self.write(number, path, 0, self.bytes())
            finally:
                os.close(number)

    def truncate(self, files):
        if path := self.some(files):
            number = self.ground.open(path, os.O_WRONLY)
            try:
                old = bytes(self.model[path])
                size = self.random.randint(0, len(old) + 10_000)
                new = old[:size].ljust(size, b"\0")
                self.begin("either", [(path, old)], [(path, new)])
                os.ftruncate(number, size)
                self.take({path: new})
                self.done(path)
            finally:
                os.close(number)

    def remove(self, files):
        if path := self.some(files):
            self.begin("either", [(path, bytes(self.model[path]))], [(path, None)])
            os.unlink(path, dir_fd=self.ground.root)
            self.take({path: None})
            self.done()
            if path in self.handles and self.random.random() < 0.5:
                self.forget_handle(path)
            self.handles.pop(path, None)

    def mkdir(self, _):
        parents = [path for path in self.directories() if path.count("/") < 3]
        self.last += 1
        path = f"{self.random.choice(parents)}/d{self.last}"
        if len(parents) < 8:
            self.begin("either", [(path, None)], [(path, True)])
            os.mkdir(path, dir_fd=self.ground.root)
            self.take({path: True})
            self.done()

    def rmdir(self, _):
        inner = [path for path in self.directories() if path != self.home]
        empty = [path for path in inner if not any(p.startswith(path + "/") for p in self.model)]
        if empty:
            path = self.random.choice(empty)
            self.begin("either", [(path, True)], [(path, None)])
            os.rmdir(path, dir_fd=self.ground.root)
            self.take({path: None})
            self.done()

    def move(self, _):
        inner = [path for path in self.directories() if path != self.home]
        if not inner:
            return
        old = self.random.choice(inner)
        self.last += 1
        new = f"{os.path.dirname(old)}/m{self.last}"
        self.begin("move", old, new)
        os.rename(old, new, src_dir_fd=self.ground.root, dst_dir_fd=self.ground.root)
        self.move_model(old, new)
        self.done()

    def move_model(self, old, new):
        def moved(path):
            return new + path[len(old):] if path == old or path.startswith(old + "/") else path

        self.model = {moved(path): value for path, value in self.model.items()}
        self.handles = {moved(path): number for path, number in self.handles.items()}
        self.recent = [moved(path) for path in self.recent]

    def sync(self, files):
        if path := self.some(files):
            number = self.ground.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)

    def record(self, _):
        """Into one file with all the others."""
        record = f"<{self.number} {len(self.records)} {self.random.getrandbits(64):x}>\n".encode()
        self.begin("record", record)
        number = self.ground.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            # A write into two pages may be two requests, of which the second one never came.
            if os.write(number, record) == len(record):
                self.records.append(record)
            self.done()
        finally:
            os.close(number)

    # MARK: A file that goes up in parts

    def grow(self, _):
        path = f"{self.home}/large"
        if path not in self.model:
            self.begin("either", [(path, None)], [(path, b"")])
            os.close(self.ground.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            self.model[path] = bytearray()
            self.done()
        if len(self.model[path]) < self.large:
            number = self.ground.open(path, os.O_WRONLY | os.O_APPEND)
            try:
                for _ in range(4):
                    self.write(
                        number, path, len(self.model[path]), self.random.randbytes(4 * CHUNK))
            finally:
                os.close(number)

    def patch(self, _):
        path = f"{self.home}/large"
        if len(self.model.get(path, b"")) >= self.large:
            number = self.ground.open(path, os.O_WRONLY)
            try:
                self.write(
                    number, path, self.random.randint(0, len(self.model[path])), self.bytes())
            finally:
                os.close(number)


def patched(old, offset, data):
    if not data:
        return bytearray(old)
    new = bytearray(old)
    if len(new) < offset:
        new.extend(bytes(offset - len(new)))
    new[offset:offset + len(data)] = data
    return new


def same(shown, expected):
    if shown is True or expected is True or shown is None or expected is None:
        return shown is expected
    return shown == expected


def difference(shown, expected):
    start = common(shown, expected)
    zeros = sum(shown[i] == 0 and expected[i] != 0 for i in range(min(len(shown), len(expected))))
    return f"(other bytes from {start} on, {zeros} zeros)"


def describe_any(value):
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    if isinstance(value, (list, tuple)):
        return [describe_any(part) for part in value]
    return value


def describe(outcome):
    return {path: describe_any(value) for path, value in outcome.items()}
