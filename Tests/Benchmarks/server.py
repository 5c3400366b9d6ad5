"""A real S3 server on loopback, Ceph's gateway in memory, and what measurements put into it."""
import concurrent.futures
import contextlib
import dataclasses
import functools
import http.client
import os
import pathlib
import subprocess
import threading
import time
import urllib.parse

import boto3
import boto3.s3.transfer
import botocore.config

import settings

SERVERS = settings.ROOT / "Tests/Servers"
# Of Ceph's memory: some rounds of 1 GiB, and what was deleted a moment ago. It takes the double.
MEMORY_MIB = 6_144
# Seconds after which what was deleted takes no memory any more (ceph.conf.in).
COLLECTED = settings.choose(15, 1)
FILLERS = 16
PART = 16 * settings.MIB


@dataclasses.dataclass(frozen=True)
class Store:
    """Where a bucket is reached. `enter` stands before each command that is to reach it: a store
    that is far away lies in a network of its own (wan.py)."""
    endpoint: str
    access_key: str
    secret_key: str
    enter: tuple = ()

    @functools.cached_property
    def client(self):
        """boto3's client; for a store that is far away, `presigned` is all that works from here."""
        # Ceph 16 takes no checksums in trailers, which boto3 would send.
        config = botocore.config.Config(
            signature_version="s3v4", s3={"addressing_style": "path"},
            max_pool_connections=2 * FILLERS,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required")
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", config=config,
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key)

    @property
    def environment(self):
        """For all programs that are given this store."""
        return {
            **os.environ, "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key, "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required", "RCLONE_CONFIG": "/dev/null"}

    @property
    def rclone_options(self):
        return [
            "--s3-provider", "Ceph", "--s3-endpoint", self.endpoint, "--s3-env-auth",
            "--s3-region", "us-east-1"]

    def presigned(self, bucket, key, method="get_object"):
        return self.client.generate_presigned_url(
            method, Params={"Bucket": bucket, "Key": key}, ExpiresIn=86_400)

    def at(self, endpoint, enter=()):
        """The same store, reached in another way."""
        return dataclasses.replace(self, endpoint=endpoint, enter=tuple(enter))


@contextlib.contextmanager
def ceph():
    """Starts the gateway; it ends with us, however we end: serve.sh watches the pipe."""
    server = subprocess.Popen(
        [SERVERS / "serve.sh", "ceph"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CEPH_MEMORY_MIB": str(MEMORY_MIB)})
    try:
        values = {}
        for line in server.stdout:
            if line.strip() == "READY":
                break
            name, _, value = line.strip().partition("=")
            values[name] = value
        else:
            raise RuntimeError("the S3 server did not start")
        yield Store(
            values["S3_ENDPOINT"], values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"])
    finally:
        server.stdin.close()
        server.wait()


def make_bucket(store, name):
    store.client.create_bucket(Bucket=name)
    return name


def empty(store, bucket, wait=True):
    """Deletes all objects, so that the server's memory is free for what comes."""
    for page in store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if keys:
            store.client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    if wait:
        time.sleep(COLLECTED)


def fill(store, bucket, keys, data):
    """Puts the same bytes under each key with nothing beside them, as other tools do."""
    local = threading.local()
    place = urllib.parse.urlsplit(store.endpoint)

    def put(key):
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(place.hostname, place.port)
        url = store.presigned(bucket, key, "put_object")
        local.connection.request("PUT", url[len(store.endpoint):], body=data)
        answer = local.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"PUT {key}: {answer.status}")

    with concurrent.futures.ThreadPoolExecutor(FILLERS) as threads:
        for _ in threads.map(put, keys):
            pass


def put_large(store, bucket, key, path):
    """Uploads a file in parts."""
    parts = boto3.s3.transfer.TransferConfig(
        multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
    store.client.upload_file(str(path), bucket, key, Config=parts)


def copies(store, bucket, key, count, name):
    """The keys of so many copies of an object, which the server makes without moving bytes."""
    keys = [f"{name}-{number}" for number in range(count)]
    for copy in keys:
        store.client.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    return keys


def listed_keys():
    """The keys of the tree that is listed: `tree/00/00000.jpeg` and so on."""
    for number in range(settings.LISTED):
        yield f"tree/{number // settings.PER_DIRECTORY:02d}/{number:05d}.jpeg"


def random_file(path, count):
    """A file that nothing compresses or finds twice."""
    with pathlib.Path(path).open("wb") as file:
        for _ in range(count // settings.MIB):
            file.write(os.urandom(settings.MIB))
    return path
