#!/bin/bash
# What this kernel's own compressed swap makes of the pages of a file: one line of JSON each for
# zram (lz4, lzo, lzo-rle) and zswap (lzo, lzo-rle, deflate), as far as the kernel has them.
#   kernel-pool.sh FILE
# Works on a zram device and a swap file of its own and restores zswap's parameters. Needs root;
# exits 77 with one line where it can do neither.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
file=${1:?usage: kernel-pool.sh FILE}
parameters=/sys/module/zswap/parameters control=/sys/class/zram-control
bytes=$(($(stat -c %s "$file") / 4096 * 4096))
work=$(mktemp -d) device='' saved=()

cleanup() {
  swapoff "$work/swap" 2>/dev/null || true
  for line in "${saved[@]}"; do echo "${line#* }" >"$parameters/${line%% *}" || true; done
  if [[ -n $device ]]; then
    echo 1 >"/sys/block/zram$device/reset"
    echo "$device" >$control/hot_remove
  fi
  rm -rf "$work"
}
trap cleanup EXIT

zram() {
  local block mm_stat
  device=$(<$control/hot_add)
  block=/sys/block/zram$device
  for algorithm in lz4 lzo lzo-rle; do
    grep -qw -- "$algorithm" "$block/comp_algorithm" || continue
    echo "$algorithm" >"$block/comp_algorithm"
    echo $((bytes + (1 << 20))) >"$block/disksize"
    dd if="$file" of="/dev/zram$device" bs=4096 count=$((bytes / 4096)) oflag=direct status=none
    read -ra mm_stat <"$block/mm_stat"
    cmp -n "$bytes" "$file" "/dev/zram$device"
    printf '{"kernel":"zram","compressor":"%s","pages":%d,"compressed_bytes":%d,' \
      "$algorithm" $((bytes / 4096)) "${mm_stat[1]}"
    printf '"pool_total_size":%d,"same_filled_pages":%d,"huge_pages":%d}\n' \
      "${mm_stat[2]}" "${mm_stat[5]}" "${mm_stat[7]}"
    echo 1 >"$block/reset"
  done
}

zswap() {
  mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
  "${CC:-cc}" -O2 -o "$work/pageout" "$here/pageout.c"
  dd if=/dev/zero of="$work/swap" bs=1M count=$((bytes / (1 << 20) * 2 + 64)) status=none
  chmod 600 "$work/swap"
  mkswap -q "$work/swap"
  for name in enabled compressor max_pool_percent; do
    saved=("$name $(<$parameters/$name)" "${saved[@]}")
  done
  echo 50 >$parameters/max_pool_percent
  swapon "$work/swap"
  for compressor in lzo lzo-rle deflate; do
    grep -qE "^name +: $compressor\$" /proc/crypto || continue
    echo "$compressor" >$parameters/compressor
    echo Y >$parameters/enabled
    printf '{"kernel":"zswap","compressor":"%s",%s}\n' "$compressor" "$("$work/pageout" "$file")"
  done
}

ran=0
if [[ -r $control/hot_add && -w $control/hot_remove ]]; then
  zram
  ran=1
fi
if [[ -w $parameters/enabled && $(wc -l </proc/swaps) == 1 ]]; then
  if command -v "${CC:-cc}" >/dev/null; then
    zswap
    ran=1
  else
    echo 'kernel-pool: SKIPPED zswap: no C compiler here' >&2
  fi
fi
((ran)) || { echo 'kernel-pool: needs root, and a kernel with zram or zswap'; exit 77; }
