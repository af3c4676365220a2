#!/bin/sh
# Refuses a delta update when the base partition is not the one that the delta
# was made from: patching another base would write garbage, and SWUpdate's
# rdiff handler would report success. Runs before anything is written.
#
# SWUpdate calls it as: check-base.sh preinst|postinst DEVICE BYTES SHA256
# Needs sh, head -c, sha256sum, cut and wc, as busybox has them.

refuse() {
	echo "check-base: $*: the target was not touched" >&2
	exit 1
}

[ "$1" = postinst ] && exit 0
[ "$1" = preinst ] && [ $# -eq 4 ] || refuse "called with wrong arguments: $*"

device=$2
bytes=$3
expected=$4

[ -r "$device" ] || refuse "the base $device cannot be read"

actual=$(head -c "$bytes" "$device" | sha256sum | cut -d ' ' -f 1)
[ "$actual" = "$expected" ] && exit 0

present=$(head -c "$bytes" "$device" | wc -c)
[ "$present" -eq "$bytes" ] || refuse "the base $device has $present of $bytes bytes"
refuse "the base $device has sha256 $actual and not $expected"
