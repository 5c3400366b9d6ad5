"""What holds for all measurements: where things lie, and how large they are.

    MEDIAFS_PROGRAM      the program to measure (default: .build/release/mediafs)
    MEDIAFS_TEST_CACHE   where install.sh keeps what it has fetched (default: .build/test-cache)
    BENCH_DIRECTORY      where the disk of the measurements lies (default: /var/tmp: no tmpfs)
    BENCH_QUICK=1        small sizes and single rounds: to see that all works, not to read figures
    BENCH_SCALE          entries of the large catalog (default: 10000000)
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("MEDIAFS_PROGRAM", ROOT / ".build/release/mediafs")).resolve()
CACHE = pathlib.Path(os.environ.get("MEDIAFS_TEST_CACHE", ROOT / ".build/test-cache")).resolve()
RESULTS = ROOT / ".build/bench"
DISK = os.environ.get("BENCH_DIRECTORY", "/var/tmp")
TOOLS = CACHE / "venv-bench/bin"
PASSTHROUGH = CACHE / "passthrough_hp"

QUICK = os.environ.get("BENCH_QUICK") == "1"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def choose(usual, quick):
    return quick if QUICK else usual


# Bytes of the large file.
BIG = choose(GIB, 64 * MIB)
# Small files, and bytes of each.
SMALL, SMALL_SIZE = choose(5_000, 500), 4 * KIB
# Files of the tree that is listed; so many in each directory.
LISTED, PER_DIRECTORY = choose(20_000, 2_000), 1_000
# Rounds of what the goals compare, and of the rivals, who take their time.
ROUNDS = choose(3, 1)
RIVAL_ROUNDS = choose({"rclone": 2, "s3fs": 1}, {"rclone": 1, "s3fs": 1})
RIVALS = tuple(RIVAL_ROUNDS)

# A bundle of certificates breaks plain HTTP endpoints, a proxy or a profile of whoever runs this
# is no part of a measurement.
FOREIGN = (
    "AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
    "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def clean_environment():
    """Takes out of the environment, for all that is started, what would spoil a measurement."""
    for name in (*FOREIGN, "MEDIAFS_PROGRAM"):
        os.environ.pop(name, None)
    os.environ["LC_ALL"] = "C"


def enter_tools():
    """Goes on in the virtual environment of install.sh, where boto3 is."""
    python = TOOLS / "python"
    if not python.exists():
        sys.exit("bench.py needs rclone, aws and boto3, run: Tests/Servers/install.sh bench")
    if not os.path.samefile(sys.prefix, TOOLS.parent):
        os.execv(python, [python, *sys.argv])


def size(count):
    """`1 GiB` or `4 KiB`."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bytes"
