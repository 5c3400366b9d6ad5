#!/bin/bash
# MiniStack (PyPI), an emulator of AWS in one Python process: conditional writes and checksums as
# on AWS, signatures not checked. Objects are kept in memory.
. "$(dirname "$0")/common.sh"
begin "$@"
[ -x "$CACHE/venv/bin/ministack" ] || die "ministack-start.sh needs ministack, run: make deps"
ACCESS_KEY=test SECRET_KEY=test
cd "$DIR"
spawn ministack env BIND_HOST=$ADDRESS GATEWAY_PORT="$PORT" LOG_LEVEL=WARNING SERVICES=s3 \
  S3_PERSIST=1 S3_DATA_DIR="$DIR/data" STATE_DIR="$DIR/state" "$CACHE/venv/bin/ministack"
wait_http "http://$ADDRESS:$PORT/" 60
announce ministack
