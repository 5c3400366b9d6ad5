#!/bin/bash
# Ceph 20 from the chroot that `make conformance` installs: conditional writes and checksums.
HERE=$(cd "$(dirname "$0")" && pwd)
CEPH_ROOT=$(realpath -m "${MEDIAFS_TEST_CACHE:-$HERE/../../.build/test-cache}/ceph20")
if [ ! -e "$CEPH_ROOT/.complete" ]; then
  echo "ceph20-start.sh needs the chroot $CEPH_ROOT, run: make conformance" >&2
  exit 1
fi
export CEPH_ROOT
exec "$HERE/ceph-start.sh" "$@"
