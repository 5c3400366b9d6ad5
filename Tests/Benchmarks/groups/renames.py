"""Renaming a directory that the store has, until the call returns; the store follows later."""
import collections
import os

import settings
import targets
import work
from row import MILLISECONDS, Limit, Row
from settings import choose

# Files, and directories beneath the renamed one that they lie in.
TREES = ((1_000, 1), (choose(100_000, 5_000), 1), (choose(100_000, 5_000), 100))
ROUNDS = 20
GOAL = Limit(5)


def measure():
    for files, layout in TREES:
        figures = collections.defaultdict(list)
        names = ("plain", "passthrough_hp") if files == TREES[0][0] else ("plain",)
        with targets.together(None, None, names) as found, targets.scratch() as directory:
            with targets.embedded(directory, upload__delay="0s") as target:
                found["mediafs"] = target
                for name, other in found.items():
                    make(other.path / "tree", files, layout)
                    other.drain()
                    # Nothing is sent meanwhile: the measure is of the call.
                    if name == "mediafs":
                        work.run(settings.PROGRAM, "pause", other.path)
                    figures[name] = times(other.path)
        where = "one directory" if layout == 1 else f"{layout} directories"
        measure = f"rename of {files:,} files in {where}"
        yield Row(measure, MILLISECONDS, figures, (GOAL,))
        slowest = {name: [max(spent)] for name, spent in figures.items()}
        yield Row(f"{measure}: slowest of {ROUNDS}", MILLISECONDS, slowest, (GOAL,))


def make(tree, files, layout):
    tree.mkdir()
    for number in range(layout):
        work.create(tree / str(number), files // layout, size=0)


def times(path):
    """Milliseconds of each rename."""
    tree, other, spent = path / "tree", path / "renamed", []
    for _ in range(ROUNDS):
        spent.append(1e3 * work.timed(os.rename, tree, other))
        tree, other = other, tree
    return spent
