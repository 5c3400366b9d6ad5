#!/usr/bin/env python3
"""s3judge.py: sees a store through boto3, the way any other program would.

Takes endpoint and keys from S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION.
Reads one JSON request a line on standard input, {"do": NAME, ...}, and answers each with one JSON
line, {"ok": ...} or {"error": ...}. Ends when standard input closes.
"""
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import boto3
from botocore.config import Config

CONFIG = Config(
    s3={"addressing_style": "path"}, retries={"max_attempts": 5, "mode": "standard"},
    max_pool_connections=16, request_checksum_calculation="when_required",
    response_checksum_validation="when_required", proxies={})
s3 = boto3.client(
    "s3", endpoint_url=os.environ["S3_ENDPOINT"], region_name=os.environ["AWS_REGION"],
    aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"], config=CONFIG)


def create_bucket(bucket):
    s3.create_bucket(Bucket=bucket)


def delete_bucket(bucket):
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    s3.delete_bucket(Bucket=bucket)


def keys(bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def put(bucket, key, text="", type=None, metadata=None):
    extra = {"ContentType": type} if type else {}
    answer = s3.put_object(
        Bucket=bucket, Key=key, Body=text.encode(), Metadata=metadata or {}, **extra)
    return answer["ETag"]


def upload(bucket, key, file):
    s3.upload_file(file, bucket, key)


def get(bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def delete(bucket, key):
    s3.delete_object(Bucket=bucket, Key=key)


def head(bucket, key):
    answer = s3.head_object(Bucket=bucket, Key=key)
    return {
        "size": answer["ContentLength"], "type": answer.get("ContentType"),
        "etag": answer["ETag"], "metadata": answer["Metadata"],
        "modified": int(answer["LastModified"].timestamp()),
    }


def uploads(bucket):
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    return [upload["Key"] for page in pages for upload in page.get("Uploads", [])]


def sha256(bucket, key):
    digest = hashlib.sha256()
    for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def zeros(bucket, prefix):
    """Keys of the objects beneath a prefix that hold a zero byte."""
    def holds_zero(key):
        try:
            return b"\0" in s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return False  # Deleted since it was listed.

    with ThreadPoolExecutor(8) as pool:
        found = keys(bucket, prefix)
        return [key for key, holds in zip(found, pool.map(holds_zero, found)) if holds]


def compare(bucket, prefix, manifest):
    """What differs between the bucket beneath a prefix and a manifest of tree.py: every key,
    every byte, Content-Type, mode and time."""
    with open(manifest) as file:
        expected = {prefix + key_of(entry): entry for entry in json.load(file)}
    found = set(keys(bucket, prefix))
    missing = set(expected) - found
    # A directory that is neither empty nor special needs no marker object.
    missing -= {key for key in missing if expected[key].get("implied")}
    problems = [f"missing: {key}" for key in sorted(missing)]
    problems += [f"unexpected: {key}" for key in sorted(found - set(expected))]
    both = sorted(found & set(expected))
    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(lambda key: differences(bucket, key, expected[key]), both):
            problems += result
    return problems


def key_of(entry):
    return entry["path"] + ("/" if entry["kind"] == "directory" else "")


def differences(bucket, key, entry):
    attributes = head(bucket, key)
    problems = []
    mode = attributes["metadata"].get("mode")
    if mode != str(entry["mode"]):
        problems.append(f"{key}: mode {mode}, not {entry['mode']}")
    if "mtime" in entry and nanoseconds(attributes["metadata"].get("mtime")) != entry["mtime"]:
        problems.append(f"{key}: mtime {attributes['metadata'].get('mtime')}, not {entry['mtime']}")
    if entry["kind"] == "file":
        if attributes["size"] != entry["size"]:
            problems.append(f"{key}: {attributes['size']} bytes, not {entry['size']}")
        elif sha256(bucket, key) != entry["sha256"]:
            problems.append(f"{key}: other bytes")
        if attributes["type"] != entry["type"]:
            problems.append(f"{key}: {attributes['type']}, not {entry['type']}")
    if entry["kind"] == "link" and get(bucket, key) != entry["target"]:
        problems.append(f"{key}: another target")
    return problems


def nanoseconds(text):
    """Decimal seconds, as s3fs and rclone write them."""
    return None if text is None else int(Decimal(text).scaleb(9))


def main():
    operations = {
        f.__name__: f
        for f in (create_bucket, delete_bucket, keys, put, upload, get, delete, head, uploads, sha256,
                  zeros, compare)
    }
    for line in sys.stdin:
        request = json.loads(line)
        operation = operations[request.pop("do")]
        try:
            answer = {"ok": operation(**request)}
        except Exception as error:  # Everything is the test's to judge.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
