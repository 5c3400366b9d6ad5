"""Everything a name can stand for, in every state that a write-back filesystem has it in."""
import os
import stat

from ground import KINDS, make, write

# Larger than a page and no multiple of one.
SIZE = 9_999
STATES = ["new file", "settled file", "changed file", "open file", "empty file"]
THINGS = STATES + ["empty directory", "full directory"] + [
    kind for kind in KINDS if kind not in ("file", "directory")]


def content_of(name):
    return (os.fsencode(name) + b" ") * (SIZE // (len(name) + 1))


def is_directory(thing):
    return thing.endswith("directory")


class Exhibits:
    """Makes things under names, takes them to their state, and holds what has to be open."""

    def __init__(self, settle):
        self.settle, self.made, self.open = settle, [], {}

    def add(self, thing, name):
        self.made.append((thing, name))
        if thing.endswith("file"):
            write(name, b"" if thing == "empty file" else content_of(name))
        elif is_directory(thing):
            os.mkdir(name)
            if thing == "full directory":
                write(name + "/inside", content_of(name))
                os.mkdir(name + "/below")
        else:
            make(thing, name)

    def ready(self):
        """Brings all that was added into its state."""
        self.settle()
        for thing, name in self.made:
            if thing == "new file":
                os.unlink(name)
                write(name, content_of(name))
            elif thing == "changed file":
                change(name)
            elif thing == "open file":
                self.open[name] = os.open(name, os.O_RDWR)
                os.pwrite(self.open[name], b"unsynced", 100)
        self.made = []

    def close(self):
        for descriptor in self.open.values():
            os.close(descriptor)
        self.open = {}


def change(name):
    with open(name, "r+b", buffering=0) as file:
        file.seek(SIZE // 2)
        file.write(b"CHANGED")


def fingerprint(name):
    """What a name stands for: kind, inode, device number, and content, target or entries."""
    info = os.lstat(name)
    kind = stat.S_IFMT(info.st_mode)
    if kind == stat.S_IFREG:
        with open(name, "rb") as file:
            inside = file.read()
    elif kind == stat.S_IFLNK:
        inside = os.readlink(name)
    elif kind == stat.S_IFDIR:
        inside = [(entry, fingerprint(f"{name}/{entry}")) for entry in sorted(os.listdir(name))]
    else:
        inside = None
    return kind, info.st_ino, info.st_rdev, info.st_size if kind == stat.S_IFREG else 0, inside
