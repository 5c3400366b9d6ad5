#!/usr/bin/env python3
"""boto3's download_file into the mount: s3transfer writes NAME.XXXXXXXX, from many threads and out
of order, and renames it over the final name. The source lies in the same bucket, outside of the
namespace: BUCKET, S3_ENDPOINT and keys come from the environment."""
import os
import random

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

import ledger as books

MEBIBYTE = 1 << 20
# Twelve parts on ten threads: they end in any order.
CONFIG = TransferConfig(
    multipart_threshold=MEBIBYTE, multipart_chunksize=MEBIBYTE, max_concurrency=10,
    io_chunksize=1 << 16)


def act(ledger, elsewhere):
    s3 = boto3.client(
        "s3", endpoint_url=os.environ["S3_ENDPOINT"],
        config=Config(s3={"addressing_style": "path"}, proxies={}))
    bucket = os.environ["BUCKET"]
    contents = [random.Random(seed).randbytes(12 * MEBIBYTE + seed) for seed in (1, 2)]
    for number, data in enumerate(contents):
        s3.put_object(Bucket=bucket, Key=f"source/{number}", Body=data)

    target = ledger.path("video.mp4")
    s3.download_file(bucket, "source/0", target, Config=CONFIG)
    with open(target, "rb") as reader:
        s3.download_file(bucket, "source/1", target, Config=CONFIG)
        assert reader.read() == contents[0], "the reader of the old file reads the old file"
    with open(target, "rb") as file:
        assert file.read() == contents[1]
    ledger.file("video.mp4", contents[1])

    out_of_order(ledger, "picture.jpg", random.Random(3).randbytes(3 * MEBIBYTE + 17))
    assert sorted(os.listdir(ledger.root)) == ["picture.jpg", "video.mp4"]


def out_of_order(ledger, name, data):
    """The same in an order that is known: the last chunk first."""
    chunk = 1 << 18
    part = ledger.path(f"{name}.a1B2c3D4")
    with open(part, "wb") as file:
        for start in reversed(range(0, len(data), chunk)):
            file.seek(start)
            file.write(data[start:start + chunk])
    os.rename(part, ledger.path(name))
    with open(ledger.path(name), "rb") as file:
        assert file.read() == data
    ledger.file(name, data)


def check(mount, elsewhere):
    assert sorted(os.listdir(mount)) == ["picture.jpg", "video.mp4"]


books.main(act, check)
