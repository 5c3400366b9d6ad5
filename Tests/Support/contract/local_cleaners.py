#!/usr/bin/env python3
"""Jobs that free the local disk: they delete the "local copy" of what is in the bucket.

    local_cleaners.py write MOUNT ELSEWHERE   what Synapse has in its media store, and its database
    local_cleaners.py clean MOUNT ELSEWHERE   s3_media_upload --delete (the program itself), and the
                                              find of a cron job

`clean` prints what s3_media_upload says. BUCKET, S3_ENDPOINT and keys come from the environment.
"""
import os
import sqlite3
import subprocess
import sys

MEDIA = ["AbCdEfGhIj", "AbCdKlMnOp", "QrStUvWxYz"]
YEAR = 365 * 86_400
LAST_YEAR = 1_700_000_000


def write(mount, elsewhere):
    for media in MEDIA:
        directory = f"{mount}/local_content/{media[:2]}/{media[2:4]}"
        thumbnails = f"{mount}/local_thumbnails/{media[:2]}/{media[2:4]}/{media[4:]}"
        os.makedirs(directory, exist_ok=True)
        os.makedirs(thumbnails)
        for path in (f"{directory}/{media[4:]}", f"{thumbnails}/32-32-image-jpeg-crop"):
            with open(path, "w") as file:
                file.write(path.removeprefix(mount))
    os.mkdir(f"{mount}/url_cache")
    for name in ("old", "new"):
        with open(f"{mount}/url_cache/{name}", "w") as file:
            file.write(name)
    os.utime(f"{mount}/url_cache/old", (LAST_YEAR, LAST_YEAR))

    database = sqlite3.connect(f"{elsewhere}/homeserver.db")
    database.executescript("""
        CREATE TABLE local_media_repository (
            media_id TEXT, last_access_ts BIGINT, created_ts BIGINT, url_cache TEXT);
        CREATE TABLE remote_media_cache (
            media_origin TEXT, media_id TEXT, filesystem_id TEXT, last_access_ts BIGINT,
            created_ts BIGINT);
    """)
    with database:
        database.executemany(
            "INSERT INTO local_media_repository VALUES (?, NULL, ?, NULL)",
            [(media, LAST_YEAR * 1_000) for media in MEDIA])
    database.close()
    with open(f"{elsewhere}/database.yaml", "w") as file:
        file.write("sqlite:\n  database: homeserver.db\n")


def clean(mount, elsewhere):
    program = os.path.join(os.path.dirname(sys.executable), "s3_media_upload")
    for arguments in (
        ["update-db", "1d"],
        ["upload", mount, os.environ["BUCKET"], "--prefix", "media/", "--delete",
         "--endpoint-url", os.environ["S3_ENDPOINT"]],
    ):
        subprocess.run([program, "--no-progress"] + arguments, cwd=elsewhere, check=True)
    subprocess.run(
        ["find", f"{mount}/url_cache", "-type", "f", "-mtime", "+30", "-delete"], check=True)


command, *arguments = sys.argv[1:]
{"write": write, "clean": clean}[command](*arguments)
