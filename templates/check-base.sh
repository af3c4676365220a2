#!/bin/sh
# Refuses an update before anything is written, when SWUpdate would do harm
# and report success, or notice too late:
# - the base is not the one that the delta was made from (the rdiff handler
#   patches any base, and writes garbage);
# - the target does not exist (the handler would make a file of that name), or
#   is smaller than the image (the handler notices when it is full);
# - the target is mounted or otherwise in use (the wrong selection was made).
#
# SWUpdate calls it as: check-base.sh PHASE BASE BYTES SHA256 TARGET [TARGET_BYTES]
# PHASE is preinst, postinst, and since 2024.12 postfailure. "-" stands for a
# base or a target that there is not: whole images have no base, and what an
# update leaves alone has no target.
# Needs sh, head -c, sha256sum, wc and ls, as busybox has them.

refuse() {
	echo "check-base: $*: the target was not touched$advice" >&2
	exit 1
}

advice=

case "$1" in
post*) exit 0 ;;
esac
[ "$1" = preinst ] && [ $# -ge 5 ] && [ $# -le 6 ] || refuse "called with wrong arguments: $*"

for program in head sha256sum wc ls; do
	command -v "$program" >/dev/null 2>&1 || refuse "the program $program is missing on this device"
done

base=$2
bytes=$3
expected=$4
target=$5
target_bytes=${6:--}

in_use() {
	refuse "the target $target is $1 (is the selection that of the other slot?)"
}

# Sets number (major:minor) and room (bytes) of the target, as far as there are any.
look_at_target() {
	number=
	room=
	if [ -f "$target" ]; then
		room=$(($(wc -c <"$target")))
	elif [ -b "$target" ]; then
		# "brw-rw---- 1 0 6 179, 2 ...": by number, since a device has many names.
		set -- $(ls -lnL "$target")
		number=${5%,}:$6
		[ -r "/sys/dev/block/$number/size" ] || return 0
		read -r sectors <"/sys/dev/block/$number/size"
		room=$((sectors * 512))
	fi
}

check_target() {
	[ -e "$target" ] || refuse "the target $target does not exist"
	look_at_target
	if [ -n "$number" ]; then
		[ -r /proc/self/mountinfo ] || refuse "/proc/self/mountinfo cannot be read"
		# The source besides: file systems such as btrfs have numbers of their own.
		while read -r _ _ mounted rest; do
			case "$mounted $rest " in
			"$number "* | *" $target "*) in_use mounted ;;
			esac
		done </proc/self/mountinfo
		for holder in "/sys/dev/block/$number/holders"/*; do
			[ ! -e "$holder" ] || in_use "held by ${holder##*/}"
		done
	fi
	[ "$target_bytes" = - ] || [ -z "$room" ] || [ "$room" -ge "$target_bytes" ] ||
		refuse "the target $target has room for $room bytes, the image has $target_bytes"
}

check_base() {
	[ -r "$base" ] || refuse "the base $base cannot be read"
	actual=$(head -c "$bytes" "$base" | sha256sum)
	actual=${actual%% *}
	[ "$actual" = "$expected" ] && return 0
	advice='; install the full package, which needs no base'
	present=$(($(head -c "$bytes" "$base" | wc -c)))
	[ "$present" -eq "$bytes" ] || refuse "the base $base has $present of $bytes bytes"
	refuse "the base $base has sha256 $actual and not $expected"
}

[ "$target" = - ] || check_target
[ "$base" = - ] || check_base
exit 0
