"""One writer of a filesystem whose host loses power: what it does at random, what it knows to be on
disk, and what may be there besides.

Written bytes are never zero, so a zero is a byte that nobody wrote. Every file can be read after a
cut, always. What the model leaves open, and why:

- Of a file, every state since its last fsync(2) is remembered, the one that is under way too. Each
  byte has to be of one of them, not all of the same one: the kernel writes pages back in any order.
- The file is as long as the shortest of those states at least, and as the longest at most. What it
  was cut to since, by truncate(2) or O_TRUNC, is all that is owed; a file that was never synced may
  be empty.
- A name stands for what it stood for at the last fsync of any file, or for anything that it became
  after that: names are in one log, which is synced as a whole. A file that was synced and not
  removed has one of the names that it had since.

What is shown after one cut has to survive the next: it was on disk, or is in the store.
"""
import collections
import os
import random
import time

from ground import Ground, common


class File:
    def __init__(self, *states):
        self.states = list(states)  # Since the last fsync, that one first.
        self.is_synced = False  # Ever, since it was made.

    @property
    def now(self):
        return self.states[-1]

    @property
    def kept(self):
        return min(len(state) for state in self.states)

    def wrong(self, shown):
        """Why these bytes cannot be what is left of it; `None` if they can."""
        if any(state.startswith(shown) for state in self.states) and len(shown) >= self.kept:
            return None
        if not self.kept <= len(shown) <= max(len(state) for state in self.states):
            return f"{len(shown)} bytes, not {sorted({len(state) for state in self.states})}"
        for index, byte in enumerate(shown):
            if not any(index < len(state) and state[index] == byte for state in self.states):
                zeros = shown.count(0)
                return f"byte {index} of {len(shown)} is {byte}, {zeros} zeros, kept {self.kept}"
        return None


class DurableWriter:
    def __init__(self, mount, ledger, number, seed):
        self.ground = Ground(mount)
        self.number, self.home = number, f"w{number}"
        self.random = random.Random(seed * 1_000 + number)
        self.ledger = os.open(
            f"{ledger}/{self.home}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.names = [{}]  # Since the last fsync: name to file.
        self.problems = []
        self.counts = {"operations": 0, "synced": 0, "checked": 0, "older": 0, "shorter": 0}
        self.last = 0
        self.handles = {}
        self.notes = collections.deque(maxlen=300)

    def prepare(self):
        self.ground.connect()
        os.mkdir(self.home, dir_fd=self.ground.root)
        number = self.ground.open(self.home, os.O_RDONLY)
        os.fsync(number)
        os.close(number)

    def note(self, text):
        line = f"{time.time():.3f} {text}"
        self.notes.append(line)
        os.write(self.ledger, f"{line}\n".encode())

    def wrong(self, text):
        name = text.split(":")[0]
        told = [note for note in self.notes if name in note or "synced" in note][-12:]
        self.problems.append("\n".join([f"{self.home}/{text}"[:300], *(t[:200] for t in told)]))
        self.note(f"WRONG {text}")

    # MARK: Looking after a cut

    def look(self):
        """Compares all there is with what may be there, and goes on from that."""
        self.close_handles()
        self.ground.disconnect()
        self.ground.connect()
        shown = self.ground.names(self.home)
        now = {}
        for name in sorted({name for names in self.names for name in names} | shown):
            if file := self.look_at(name, name in shown):
                now[name] = file
        self.look_for_lost(shown)
        self.names = [now]
        self.note(f"looked: {[(name, len(now[name].now)) for name in sorted(now)]}")

    def files(self, name):
        """What the name may stand for; with `None` where it may stand for nothing."""
        return [names.get(name) for names in self.names]

    def look_at(self, name, is_there):
        """What is there, if anything."""
        files = [file for file in self.files(name) if file]
        if not is_there:
            if None not in self.files(name):
                self.wrong(f"{name}: is gone")
            return None
        if not files:
            return self.wrong(f"{name}: never had that name")
        data = self.ground.read(f"{self.home}/{name}")
        self.counts["checked"] += 1
        reasons = [file.wrong(data) for file in files]
        if None not in reasons:
            self.wrong(f"{name}: {reasons}")
        self.counts["older"] += data != files[-1].now
        self.counts["shorter"] += len(data) < len(files[-1].now)
        # Whatever is shown was on disk, or is in the store.
        file = File(data)
        file.is_synced = True
        return file

    def look_for_lost(self, shown):
        """A file that was synced and not removed has one of the names that it had since."""
        held = {}
        for names in self.names:
            for name, file in names.items():
                held.setdefault(file, set()).add(name)
        for file, names in held.items():
            throughout = all(file in names.values() for names in self.names)
            if throughout and file.is_synced and not shown & names:
                self.wrong(f"{names}: lost with all its names")

    # MARK: Operations

    def operate(self):
        kinds = {
            "create": max(1, 16 - len(self.names[-1])), "overwrite": 8, "append": 10, "rewrite": 8,
            "truncate": 4, "replace": 6, "rename": 5, "remove": 4, "sync": 10, "stream": 8,
        }
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        self.note(kind)
        getattr(self, kind)()
        self.counts["operations"] += 1

    def close_handles(self):
        for number in self.handles.values():
            try:
                os.close(number)
            except OSError:
                pass  # Of a filesystem that has died.
        self.handles.clear()

    def open(self, name, flags):
        return self.ground.open(f"{self.home}/{name}", flags)

    def some(self):
        return self.random.choice(sorted(self.names[-1])) if self.names[-1] else None

    def new_name(self):
        self.last += 1
        return f"f{self.last}"

    def bytes(self):
        size = self.random.choice([1, 500, 4_096, 5_000, 30_000, 100_000])
        return self.random.randbytes(size).replace(b"\0", b"\1")

    def become(self, **changes):
        """The names after a change that is about to be made."""
        names = dict(self.names[-1])
        for name, file in changes.items():
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        self.names.append(names)
        self.note(f"names {[name if file else '-' + name for name, file in changes.items()]}")

    def write(self, number, name, offset, data):
        file = self.names[-1][name]
        old = file.now
        file.states.append(old[:offset] + data + old[offset + len(data):])
        self.note(f"write {name} {offset}+{len(data)} of {len(old)}")
        while data:
            count = os.pwrite(number, data, offset)
            offset, data = offset + count, data[count:]

    def synced(self, name):
        """fsync(2) of a file has returned: its bytes, and every name, are on disk."""
        file = self.names[-1][name]
        file.states = [file.now]
        file.is_synced = True
        self.names = [self.names[-1]]
        self.counts["synced"] += 1
        self.note(f"synced {name}")

    def maybe_sync(self, number, name, chance):
        if self.random.random() < chance:
            (os.fsync if self.random.random() < 0.5 else os.fdatasync)(number)
            self.synced(name)

    def create(self):
        name = self.new_name()
        self.become(**{name: File(b"")})
        number = self.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            self.write(number, name, 0, self.bytes())
            self.maybe_sync(number, name, 0.5)
        finally:
            os.close(number)

    def overwrite(self):
        if name := self.some():
            number = self.open(name, os.O_WRONLY)
            try:
                self.write(
                    number, name, self.random.randint(0, len(self.names[-1][name].now)),
                    self.bytes())
                self.maybe_sync(number, name, 0.3)
            finally:
                os.close(number)

    def append(self):
        if name := self.some():
            number = self.open(name, os.O_WRONLY | os.O_APPEND)
            try:
                for _ in range(self.random.randint(1, 3)):
                    self.write(number, name, len(self.names[-1][name].now), self.bytes())
                    self.maybe_sync(number, name, 0.2)
            finally:
                os.close(number)

    def stream(self):
        """A file that stays open, and is not settled for long."""
        if not (name := self.some()):
            return
        file = self.names[-1][name]
        if file not in self.handles:
            if len(self.handles) > 2:
                self.close_handles()
            self.handles[file] = self.open(name, os.O_RDWR)
        for _ in range(3):
            self.write(self.handles[file], name, len(file.now), self.bytes())
            self.maybe_sync(self.handles[file], name, 0.1)

    def rewrite(self):
        if name := self.some():
            file = self.names[-1][name]
            file.states.append(b"")
            self.note(f"empty {name}")
            number = self.open(name, os.O_WRONLY | os.O_TRUNC)
            try:
                self.write(number, name, 0, self.bytes())
                self.maybe_sync(number, name, 0.3)
            finally:
                os.close(number)

    def truncate(self):
        if name := self.some():
            file = self.names[-1][name]
            size = self.random.randint(0, len(file.now))
            file.states.append(file.now[:size])
            self.note(f"truncate {name} {size}")
            number = self.open(name, os.O_WRONLY)
            try:
                os.ftruncate(number, size)
                self.maybe_sync(number, name, 0.3)
            finally:
                os.close(number)

    def replace(self):
        """As editors save, with the sync that they do, or without."""
        if not (target := self.some()):
            return
        name = self.new_name()
        self.become(**{name: File(b"")})
        number = self.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            self.write(number, name, 0, self.bytes())
            self.maybe_sync(number, name, 0.7)
        finally:
            os.close(number)
        self.move(name, target)

    def rename(self):
        if name := self.some():
            self.move(name, self.new_name())

    def move(self, name, target):
        self.become(**{name: None, target: self.names[-1][name]})
        os.rename(
            f"{self.home}/{name}", f"{self.home}/{target}", src_dir_fd=self.ground.root,
            dst_dir_fd=self.ground.root)

    def remove(self):
        if name := self.some():
            self.become(**{name: None})
            os.unlink(f"{self.home}/{name}", dir_fd=self.ground.root)

    def sync(self):
        if name := self.some():
            number = self.open(name, os.O_RDONLY)
            try:
                self.maybe_sync(number, name, 1)
            finally:
                os.close(number)


class Reader:
    """Reads what the store has, in a cache that is too small for it, and compares."""

    def __init__(self, mount, fixed, seed):
        self.ground = Ground(mount)
        self.random = random.Random(seed)
        self.files = {}
        for name in sorted(os.listdir(fixed)):
            with open(f"{fixed}/{name}", "rb") as file:
                self.files[f"fixed/{name}"] = file.read()
        self.problems = []
        self.counts = {"read": 0}

    def prepare(self):
        self.ground.connect()

    def wrong(self, text):
        self.problems.append(text[:300])

    def compare(self, name, start, count):
        expected = self.files[name][start:start + count]
        number = self.ground.open(name, os.O_RDONLY)
        try:
            shown = os.pread(number, count, start)
        finally:
            os.close(number)
        if shown != expected[:len(shown)] or not shown:
            index = start + common(shown, expected)
            self.wrong(f"{name}: byte {index}: {len(shown)} bytes, {shown.count(0)} zeros")
        self.counts["read"] += 1

    def operate(self):
        name = self.random.choice(sorted(self.files))
        self.compare(name, self.random.randrange(len(self.files[name]) - 1), 1 << 17)

    def look(self):
        self.ground.disconnect()
        self.ground.connect()
        for name, data in self.files.items():
            for start in range(0, len(data), 1 << 20):
                self.compare(name, start, 1 << 20)
