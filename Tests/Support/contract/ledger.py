"""What an application has put on its media directory, as the application knows it.

A script of this directory is called as `NAME.py act MOUNT MANIFEST ELSEWHERE` and does what the
application does; it ends with the ledger's `close`, which compares the whole tree with what was
noted and leaves a manifest for the judges (see tree.py). `NAME.py check …` looks once more, on a
mount that begins with an empty cache. ELSEWHERE is a directory that is not on the mount.
"""
import contextlib
import errno
import hashlib
import json
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tree  # noqa: E402


class Ledger:
    def __init__(self, root):
        self.root = root
        self.files = {}
        self.directories = set()

    def path(self, name):
        return os.path.join(self.root, name)

    def file(self, name, data, mode=None, mtime=None):
        """A file of these bytes; the permissions and the time only if the application chose them,
        otherwise those that it sees now have to last."""
        info = os.stat(self.path(name))
        self.files[name] = {
            "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "mode": stat.S_IFREG | (stat.S_IMODE(info.st_mode) if mode is None else mode),
            "mtime": info.st_mtime_ns if mtime is None else mtime,
        }

    def product(self, name):
        """A file that another program has written."""
        with open(self.path(name), "rb") as file:
            self.file(name, file.read())

    def directory(self, name):
        self.directories.add(name)

    def forget(self, name):
        del self.files[name]

    def close(self, manifest):
        """Everything that was noted is there, as it was noted, and nothing else."""
        entries = tree.manifest(self.root)
        directories = set(self.directories)
        for name in list(self.files) + list(self.directories):
            while name := os.path.dirname(name):
                directories.add(name)
        found = {entry["path"]: entry for entry in entries}
        assert found.keys() == self.files.keys() | directories, sorted(
            found.keys() ^ (self.files.keys() | directories))
        for name, wanted in self.files.items():
            got = {field: found[name][field] for field in wanted}
            assert got == wanted, (name, got, wanted)
        with open(manifest, "w") as file:
            json.dump(entries, file)


@contextlib.contextmanager
def refused(number):
    """The block fails with this error number, and no other."""
    try:
        yield
    except OSError as error:
        assert error.errno == number, (errno.errorcode[number], error)
    else:
        raise AssertionError(f"no {errno.errorcode[number]}")


def main(act, check):
    command, mount, manifest, elsewhere = sys.argv[1:]
    if command == "act":
        ledger = Ledger(mount)
        act(ledger, elsewhere)
        ledger.close(manifest)
    else:
        check(mount, elsewhere)
