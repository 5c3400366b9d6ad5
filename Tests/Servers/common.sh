# Sourced by the starters: processes that are recorded when started, and ended by stop.sh.
#
# A starter is called as NAME-start.sh DIR [PORT] and leaves in DIR: the logs, `env` with what a
# client needs, and `pids` with "PID START-TIME NAME" of each process. The start time guards
# against a process id that was given to somebody else.
set -euo pipefail
unset AWS_CA_BUNDLE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
SERVERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${MEDIAFS_TEST_CACHE:-$SERVERS/../../.build/test-cache}
ADDRESS=127.0.0.1
ACCESS_KEY=MEDIAFSTESTKEY000001
SECRET_KEY=mediafsTestSecret/0123456789+abcdefABCDE

die() {
  echo "$*" >&2
  exit 1
}

# begin DIR [PORT]: sets DIR and PORT, the first of fifty ports that were free a moment ago.
begin() {
  [ $# -ge 1 ] || die "usage: $0 DIR [PORT]"
  mkdir -p "$1"
  DIR=$(cd "$1" && pwd)
  PORT=${2:-$(python3 "$SERVERS/freeports.py" 50)}
  [ ! -s "$DIR/pids" ] || die "$DIR/pids exists: stop that server first (stop.sh $DIR)"
  : > "$DIR/pids"
}

# need COMMAND TARGET: fails by name when COMMAND is missing and `make TARGET` would bring it.
need() {
  command -v "$1" > /dev/null || die "$(basename "$0") needs $1, run: make $2"
}

start_time() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2> /dev/null || echo gone; }

# spawn NAME COMMAND...: in the background, in a session of its own, output to DIR/NAME.log.
spawn() {
  local name=$1
  shift
  setsid "$@" > "$DIR/$name.log" 2>&1 < /dev/null &
  SPAWNED=$!
  echo "$SPAWNED $(start_time "$SPAWNED") $name" >> "$DIR/pids"
}

# wait_http URL SECONDS: until anything answers; any HTTP status will do.
wait_http() {
  local _
  for _ in $(seq $(($2 * 20))); do
    if curl -s -o /dev/null --noproxy '*' --max-time 2 "$1"; then return 0; fi
    kill -0 "$SPAWNED" 2> /dev/null || break
    sleep 0.05
  done
  tail -n 20 "$DIR"/*.log >&2
  die "$(basename "$0"): no answer from $1"
}

# announce VERSION: keeps and prints what a client needs.
announce() {
  {
    echo "S3_ENDPOINT=http://$ADDRESS:$PORT"
    echo "AWS_ACCESS_KEY_ID=$ACCESS_KEY"
    echo "AWS_SECRET_ACCESS_KEY=$SECRET_KEY"
    echo "AWS_REGION=us-east-1"
    echo "S3_SERVER='$1'"
  } > "$DIR/env"
  cat "$DIR/env"
}

# stop DIR: ends what was recorded there, newest first: TERM, and KILL two seconds later.
stop() {
  local pid started name child
  [ -s "$1/pids" ] || return 0
  while read -r pid started name; do
    [ "$(start_time "$pid")" = "$started" ] || continue
    kill -TERM "$pid" 2> /dev/null || true
    for _ in $(seq 40); do
      kill -0 "$pid" 2> /dev/null || break
      sleep 0.05
    done
    # The process led a session: its children go with it.
    for child in $(ps -o pid= -s "$pid"); do kill -KILL "$child" 2> /dev/null || true; done
  done < <(tac "$1/pids")
  : > "$1/pids"
}
