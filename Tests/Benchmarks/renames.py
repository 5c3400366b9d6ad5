"""Renaming a directory, until the call returns; the store follows later."""
import os
import time

from mount import mounted

FILES = 100_000
ROUNDS = 20


def times(mount, layout):
    """Seconds of each rename of a tree with `layout` directories, so many files in each."""
    tree, other = mount / "tree", mount / "renamed"
    tree.mkdir()
    for number in range(layout):
        directory = tree if layout == 1 else tree / str(number)
        directory.mkdir(exist_ok=True)
        for index in range(FILES // layout):
            os.close(os.open(directory / str(index), os.O_CREAT | os.O_WRONLY, 0o644))
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        os.rename(tree, other)
        spent.append(time.perf_counter() - start)
        tree, other = other, tree
    return spent


def measure():
    for name, layout in (("one directory", 1), ("100 directories", 100)):
        # Nothing is uploaded meanwhile: the measure is of the call.
        with mounted(upload__enabled="false") as mount:
            yield f"rename of {FILES:,} files in {name}", times(mount, layout), 0.005
