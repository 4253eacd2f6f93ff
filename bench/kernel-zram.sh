#!/bin/bash
# A zram device of this benchmark's own, for as long as standard input is open.
#   kernel-zram.sh ALGORITHM BYTES
# Adds a device, so it never touches one that is in use; prints its path, and after the end of its
# input one line with mm_stat (orig compressed used ...). Resets and removes the device. Exits 77
# with one line where it cannot: needs root and a kernel with zram and the algorithm.
set -euo pipefail
usage='usage: kernel-zram.sh ALGORITHM BYTES'
algorithm=${1:?$usage} bytes=${2:?$usage}
control=/sys/class/zram-control
[[ -r $control/hot_add && -w $control/hot_remove ]] || { echo 'needs root and zram' >&2; exit 77; }
device=$(<$control/hot_add)
block=/sys/block/zram$device
cleanup() {
  echo 1 >"$block/reset"
  echo "$device" >$control/hot_remove
}
trap cleanup EXIT
grep -qw -- "$algorithm" "$block/comp_algorithm" || { echo "no $algorithm in zram" >&2; exit 77; }
echo "$algorithm" >"$block/comp_algorithm"
echo "$bytes" >"$block/disksize"
echo "/dev/zram$device"
cat >/dev/null
tr -s ' ' <"$block/mm_stat"
