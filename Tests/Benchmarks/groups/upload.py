"""Until the bucket has it: for mediafs the write into the mount and `mediafs flush`, for tools the
copy from a directory. Tools run with more at once than they do on their own account."""
import collections
import os
import time

import server
import settings
import targets
import work
from row import MIB_PER_SECOND, PER_SECOND, Row, Speed
from settings import BIG, MIB, ROUNDS, SMALL, SMALL_SIZE

# Files or parts under way at once.
AT_ONCE = 16
# The AWS command line is slow with small files.
ROUNDS_OF_AWS = 1
TOOLS = ("rclone copy", "aws s3 cp")


def measure():
    with server.ceph() as store, targets.scratch() as directory:
        bucket = server.make_bucket(store, "upload")
        tools = Tools(store, bucket, directory)
        with targets.mediafs(store, bucket, upload__delay="0s") as target:
            yield large(store, bucket, directory, tools, target)
            yield small(directory, tools, target)


class Tools:
    def __init__(self, store, bucket, directory):
        self.environment = {**store.environment, "AWS_CONFIG_FILE": str(directory / "aws")}
        (directory / "aws").write_text(
            f"[default]\ns3 =\n  max_concurrent_requests = {AT_ONCE}\n"
            "  multipart_chunksize = 16MB\n  addressing_style = path\n")
        self.store, self.bucket = store, bucket

    def rclone(self, source, key):
        """`source` is a file or a directory."""
        work.run(
            settings.TOOLS / "rclone", "copyto" if source.is_file() else "copy", source,
            f":s3:{self.bucket}/{key}", *self.store.rclone_options, "--transfers", str(AT_ONCE),
            "--s3-upload-concurrency", str(AT_ONCE), "--s3-chunk-size", "16M",
            environment=self.environment)

    def aws(self, source, key):
        options = [] if source.is_file() else ["--recursive"]
        work.run(
            settings.TOOLS / "aws", "s3", "cp", source, f"s3://{self.bucket}/{key}",
            "--only-show-errors", *options, environment=self.environment)


def large(store, bucket, directory, tools, target):
    source = server.random_file(directory / "source", BIG)
    figures = collections.defaultdict(list)
    for number in range(ROUNDS):
        os.sync()
        figures["mediafs"].append(
            BIG / MIB / work.timed(copy, source, target.path / f"big-{number}", target))
        figures["rclone copy"].append(
            BIG / MIB / work.timed(tools.rclone, source, f"rclone-{number}"))
        figures["aws s3 cp"].append(BIG / MIB / work.timed(tools.aws, source, f"aws-{number}"))
        # The server keeps all in memory, and has to get rid of it.
        for key in (f"rclone-{number}", f"aws-{number}"):
            store.client.delete_object(Bucket=bucket, Key=key)
        time.sleep(server.COLLECTED)
    return Row(
        f"{settings.size(BIG)} until the bucket has it", MIB_PER_SECOND, figures,
        (Speed(0.9, TOOLS),), note=f"tools with {AT_ONCE} parts of 16 MiB at once")


def copy(source, path, target):
    with open(source, "rb") as data, open(path, "xb", buffering=0) as file:
        while chunk := data.read(MIB):
            work.write_whole(file.fileno(), chunk)
    target.drain()


def small(directory, tools, target):
    work.create(directory / "files", SMALL)
    figures = collections.defaultdict(list)
    for number in range(ROUNDS):
        figures["mediafs"].append(
            SMALL / work.timed(write, target.path / f"files-{number}", target))
        figures["rclone copy"].append(
            SMALL / work.timed(tools.rclone, directory / "files", f"rclone-files-{number}"))
        if number < ROUNDS_OF_AWS:
            figures["aws s3 cp"].append(
                SMALL / work.timed(tools.aws, directory / "files", f"aws-files-{number}"))
    return Row(
        f"{SMALL:,} files of {settings.size(SMALL_SIZE)} until the bucket has them", PER_SECOND,
        figures, (Speed(0.9, TOOLS),), note=f"tools with {AT_ONCE} files at once")


def write(directory, target):
    work.create(directory, SMALL)
    target.drain()
