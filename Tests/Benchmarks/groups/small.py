"""Many small files: what counts is how often the kernel, the daemon and its catalog are asked.

After each step a target uploads what it has not yet, before the next one is measured.
"""
import collections

import server
import work
from row import PER_SECOND, SECONDS, Row, Speed
from settings import RIVALS, ROUNDS, SMALL, SMALL_SIZE, size
from targets import failing, rounds, scratch, together


def measure():
    created, unpacked, deleted = (collections.defaultdict(list) for _ in range(3))
    with server.ceph() as store, scratch() as directory:
        archive = work.source_tree(directory / "tree.tar", SMALL)
        with together(store, lambda name: server.make_bucket(store, f"small-{name}")) as found:
            for number, target in rounds(found, ROUNDS):
                with failing("create", target):
                    created[target.name].append(
                        work.create(target.path / f"files-{number}", SMALL))
                    target.drain()
            best = (Speed(5, RIVALS),)
            yield Row(
                f"create {SMALL:,} files of {size(SMALL_SIZE)}", PER_SECOND, created,
                (*best, Speed(1.5, ("passthrough_hp",))))
            for number, target in rounds(found, ROUNDS):
                with failing("untar", target):
                    unpacked[target.name].append(
                        work.untar(archive, target.path / f"tree-{number}"))
                    target.drain()
            yield Row(f"untar a tree of {SMALL:,} files", SECONDS, unpacked, best)
            for number, target in rounds(found, ROUNDS):
                with failing("delete", target):
                    deleted[target.name].append(work.delete(target.path / f"tree-{number}"))
            yield Row("delete that tree", SECONDS, deleted, best)
