#!/bin/bash
# run.sh [OPTION of `swift test`]...: runs the tests that were built, one at a time, since the mount
# tests measure and two cores have nothing to spare meanwhile. What failed is repeated at the end,
# where it is found among the thousands of lines of those that passed.
set -uo pipefail
LOG=.build/tests.log

# Some systems point these at a bundle of certificates, which breaks plain HTTP endpoints.
env -u AWS_CA_BUNDLE -u CURL_CA_BUNDLE -u REQUESTS_CA_BUNDLE -u AWS_PROFILE \
  -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_ENDPOINT_URL \
  "${SWIFT:-swift}" test $TEST_BUILD --skip-build --no-parallel --disable-xctest "$@" 2>&1 | tee "$LOG"
status=${PIPESTATUS[0]}
if [ "$status" != 0 ]; then
  echo "What failed (the whole output is in $LOG):"
  grep -a -A 3 -e ' recorded an issue ' -e 'Fatal error' -e 'unexpected signal' "$LOG" | cut -c 1-400 | head -n 60
fi
exit "$status"
