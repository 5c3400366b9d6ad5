#!/bin/bash
# Ceph's RADOS Gateway over one monitor and one OSD that keeps its objects in memory; SigV4 is
# checked. CEPH_ROOT names a chroot to take the programs from, "-" is this system.
# Ports: PORT (S3), +1 and +2 (monitor), +10 to +40 (OSD).
. "$(dirname "$0")/common.sh"
begin "$@"
ROOT=${CEPH_ROOT:--}
if [ "$ROOT" = - ]; then for c in ceph-mon ceph-osd radosgw radosgw-admin; do need $c deps; done; fi

ceph_do() { timeout 120 "$SERVERS/in-chroot.sh" "$ROOT" "$DIR" "$@" >> "$DIR/setup.log" 2>&1; }
daemon() {
  local name=$1
  shift
  spawn "$name" "$SERVERS/in-chroot.sh" "$ROOT" "$DIR" "$@" -f -c "$DIR/ceph.conf"
}

FSID=$(cat /proc/sys/kernel/random/uuid)
OSD_ID=$(cat /proc/sys/kernel/random/uuid)
MONITOR="[v2:$ADDRESS:$((PORT + 1)),v1:$ADDRESS:$((PORT + 2))]"
mkdir -p "$DIR"/{mon,osd,run,rgw}
sed -e "s|@DIR@|$DIR|g; s|@FSID@|$FSID|; s|@ADDRESS@|$ADDRESS|g; s|@MONITOR@|$MONITOR|" \
  -e "s|@PORT@|$PORT|; s|@OSD_FIRST@|$((PORT + 10))|; s|@OSD_LAST@|$((PORT + 40))|" \
  -e "s|@MEMORY@|$((${CEPH_MEMORY_MIB:-6144} * 1048576))|" \
  "$SERVERS/ceph.conf.in" > "$DIR/ceph.conf"

failed() {
  tail -n 20 "$DIR"/*.log >&2
  die "ceph-start.sh: $1 failed, see $DIR/setup.log"
}
ceph_do monmaptool --create --fsid "$FSID" --addv a "$MONITOR" "$DIR/monmap" || failed monmap
ceph_do ceph-mon --mkfs -i a -c "$DIR/ceph.conf" --monmap "$DIR/monmap" || failed ceph-mon
daemon mon ceph-mon -i a
ceph_do ceph -c "$DIR/ceph.conf" --connect-timeout 60 osd new "$OSD_ID" || failed "osd new"
ceph_do ceph-osd --mkfs -i 0 -c "$DIR/ceph.conf" --osd-uuid "$OSD_ID" || failed ceph-osd
daemon osd ceph-osd -i 0
ceph_do radosgw-admin -n client.rgw -c "$DIR/ceph.conf" user create --uid=test \
  --display-name=test --access-key="$ACCESS_KEY" --secret="$SECRET_KEY" --max-buckets=10000 ||
  failed "user create"
daemon rgw radosgw -n client.rgw
wait_http "http://$ADDRESS:$PORT/" 90
announce "$("$SERVERS/in-chroot.sh" "$ROOT" "$DIR" radosgw --version | cut -d' ' -f1-3)"
