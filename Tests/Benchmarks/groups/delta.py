"""A small change in a large object: the bytes that go over the wire until the bucket has it."""
import os

import proxy
import server
import settings
import targets
import work
from row import MEMORY, Limit, Row
from settings import BIG, MIB

CHANGED = MIB
# s3fs 1.90 ends the upload of a changed GiB with EIO on Ceph, and then keeps its file open for
# minutes.
NAMES = ("mediafs", "rclone")


def measure():
    figures, whole = {}, {}
    with server.ceph() as store, proxy.recording(store) as recorder:
        for name in NAMES:
            bucket = server.make_bucket(store, f"delta-{name}")
            with targets.MAKERS[name](recorder.store, bucket) as target:
                with targets.failing("delta", target):
                    path = target.path / "object"
                    work.write(path, BIG)
                    target.drain()
                    whole[name] = recorder.requests()
                    recorder.clear()
                    change(path)
                    target.drain()
                    figures[name] = [sent(recorder.requests())]
                    recorder.clear()
            server.empty(store, bucket, wait=name != NAMES[-1])
    part = max(request["received"] for request in whole["mediafs"]) / MIB
    yield Row(
        f"sent for {settings.size(CHANGED)} changed in {settings.size(BIG)}", MEMORY, figures,
        (Limit(2 * part),), note=f"mediafs's parts have {part:g} MiB")


def change(path):
    """In the middle, on no boundary of anything."""
    with work.opened(path, os.O_RDWR) as descriptor:
        os.pwrite(descriptor, os.urandom(CHANGED), BIG // 2 + 12_345)
        os.fsync(descriptor)


def sent(requests):
    """MiB of all requests' bodies."""
    return sum(request["received"] for request in requests) / MIB
