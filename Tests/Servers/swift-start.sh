#!/bin/bash
# OpenStack Swift with s3api and tempauth: one replica, one directory as the device, none of the
# background daemons. SigV4 is checked. Ports: PORT (proxy), +1 object, +2 container, +3 account,
# +9 memcached. Programs read swift.conf from /etc/swift only, so each gets DIR/etc bound there in
# a mount namespace of its own.
. "$(dirname "$0")/common.sh"
begin "$@"
need memcached conformance
BIN=$CACHE/venv-swift/bin
[ -x "$BIN/swift-proxy-server" ] || die "swift-start.sh needs OpenStack Swift, run: make conformance"
ACCESS_KEY=s3:test
mkdir -p "$DIR/etc" "$DIR/srv/d1" "$DIR/recon" /etc/swift

cat > "$DIR/etc/swift.conf" <<EOF
[swift-hash]
swift_hash_path_prefix = mediafs
swift_hash_path_suffix = test
[storage-policy:0]
name = gold
default = yes
[swift-constraints]
max_header_size = 16384
max_meta_value_length = 2048
EOF

# defaults PORT WORKERS
defaults() {
  cat <<EOF
[DEFAULT]
bind_ip = $ADDRESS
bind_port = $1
workers = $2
user = root
swift_dir = $DIR/etc
devices = $DIR/srv
mount_check = false
disable_fallocate = true
log_level = ERROR
log_address = $DIR/no-syslog
eventlet_debug = false
EOF
}

bound() {
  unshare --mount --propagation private bash -ec \
    'mount --bind "$1" /etc/swift; shift; exec "$@"' - "$DIR/etc" "$@"
}

# store NAME PORT WORKERS: the configuration and the ring of one kind of storage server.
store() {
  {
    defaults "$2" "$3"
    printf '[pipeline:main]\npipeline = %s-server\n' "$1"
    printf '[app:%s-server]\nuse = egg:swift#%s\n' "$1" "$1"
    printf '[filter:recon]\nuse = egg:swift#recon\nrecon_cache_path = %s/recon\n' "$DIR"
  } > "$DIR/etc/$1.conf"
  local ring="$DIR/etc/$1.builder"
  {
    bound "$BIN/swift-ring-builder" "$ring" create 4 1 0
    bound "$BIN/swift-ring-builder" "$ring" add "r1z1-$ADDRESS:$2/d1" 100
    bound "$BIN/swift-ring-builder" "$ring" rebalance
  } >> "$DIR/setup.log" 2>&1 || die "swift-start.sh: ring of $1 failed, see $DIR/setup.log"
}

cd "$DIR/etc"
store object $((PORT + 1)) 2
store container $((PORT + 2)) 1
store account $((PORT + 3)) 1
{
  defaults "$PORT" 2
  cat <<EOF
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[filter:cache]
use = egg:swift#memcache
memcache_servers = $ADDRESS:$((PORT + 9))
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
max_bucket_listing = 1000
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_s3_test = $SECRET_KEY .admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
EOF
  for filter in catch_errors gatekeeper healthcheck listing_formats bulk copy slo dlo symlink; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' $filter $filter
  done
} > "$DIR/etc/proxy.conf"

spawn memcached memcached -u root -l $ADDRESS -p $((PORT + 9)) -U 0 -m 64 -t 1
for server in account container object proxy; do
  spawn $server unshare --mount --propagation private bash -ec \
    'mount --bind "$1" /etc/swift; shift; exec "$@"' - "$DIR/etc" \
    "$BIN/swift-$server-server" "$DIR/etc/$server.conf"
done
for port in $((PORT + 1)) $((PORT + 2)) $((PORT + 3)); do
  wait_http "http://$ADDRESS:$port/" 60
done
wait_http "http://$ADDRESS:$PORT/healthcheck" 60
announce "swift $("$BIN/pip" show swift | awk '/^Version/ { print $2 }')"
