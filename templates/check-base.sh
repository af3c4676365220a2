#!/bin/sh
# Refuses a delta update before anything is written, when SWUpdate would do
# harm and report success:
# - the base is not the one that the delta was made from (the rdiff handler
#   patches any base, and writes garbage);
# - the target does not exist (the handler would make a file of that name);
# - the target is mounted or otherwise in use (the wrong selection was made).
#
# SWUpdate calls it as: check-base.sh preinst|postinst BASE BYTES SHA256 TARGET
# Needs sh, head -c, sha256sum, cut, wc, cat, ls, grep, basename and readlink,
# as busybox has them.

refuse() {
	echo "check-base: $*: the target was not touched" >&2
	exit 1
}

[ "$1" = postinst ] && exit 0
[ "$1" = preinst ] && [ $# -eq 5 ] || refuse "called with wrong arguments: $*"

base=$2
bytes=$3
expected=$4
target=$5

[ -e "$target" ] || refuse "the target $target does not exist"
[ -r "$base" ] || refuse "the base $base cannot be read"

# By number: the kernel calls the root device /dev/root in its list of mounts.
name=$(basename "$(readlink -f "$target")")
if [ -r "/sys/class/block/$name/dev" ]; then
	number=$(cat "/sys/class/block/$name/dev")
	cut -d ' ' -f 3 /proc/self/mountinfo | grep -qx "$number" && refuse "the target $target is mounted (is the selection that of the other slot?)"
	[ -z "$(ls "/sys/class/block/$name/holders" 2>/dev/null)" ] || refuse "the target $target is in use (is the selection that of the other slot?)"
fi

actual=$(head -c "$bytes" "$base" | sha256sum | cut -d ' ' -f 1)
[ "$actual" = "$expected" ] && exit 0

present=$(head -c "$bytes" "$base" | wc -c)
[ "$present" -eq "$bytes" ] || refuse "the base $base has $present of $bytes bytes"
refuse "the base $base has sha256 $actual and not $expected"
