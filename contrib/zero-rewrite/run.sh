#!/bin/bash
# Builds zero-rewrite, gives it a swap file and zswap, and restores everything when it ends, however
# it ends. Usage: run.sh [ROUNDS [PAGES]]. Exit status: that of zero-rewrite; 2 if it cannot be tried.
set -euo pipefail

params=/sys/module/zswap/parameters
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

give_up() {
  echo "zero-rewrite: $1" >&2
  exit 2
}

for number in "$@"; do [[ $number =~ ^[1-9][0-9]{0,5}$ ]] || give_up 'usage: run.sh [ROUNDS [PAGES]]'; done
[[ $EUID == 0 ]] || give_up 'needs root'
[[ -w $params/enabled ]] || give_up 'this kernel has no zswap'
(($(wc -l </proc/swaps) == 1)) || give_up 'other swap is active, which this would slow down: swap it off'
grep -q '^swpout_zero ' /proc/vmstat || give_up 'this kernel has no zero flag (Linux 6.12 or later has)'
command -v "${CC:=cc}" mkswap swapon >/dev/null || give_up 'needs cc, mkswap and swapon'

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/zero-rewrite.XXXXXX")
declare -A found
for name in enabled max_pool_percent; do found[$name]=$(<"$params/$name"); done

child=
restore() {
  local status=$? name
  trap - EXIT
  if [[ -n $child ]]; then kill "$child" 2>/dev/null || true; fi
  # The limit first: it may be 0, and pages still have to come back from the swap file.
  for name in max_pool_percent enabled; do echo "${found[$name]}" >"$params/$name" || status=2; done
  if grep -q "^$folder/swap " /proc/swaps; then swapoff "$folder/swap" || status=2; fi
  rm -rf "$folder"
  exit "$status"
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$CC" -O2 -pthread -o "$folder/zero-rewrite" "$here/zero-rewrite.c" || give_up 'it does not compile'
# Less than half full, or pages read back would lose their slot at once.
dd if=/dev/zero of="$folder/swap" bs=1M count=$((64 + ${2:-512} / 64)) status=none || give_up 'no room for the swap file'
chmod 600 "$folder/swap"
mkswap "$folder/swap" >/dev/null
echo Y >"$params/enabled"
swapon "$folder/swap" || give_up 'the swap file is not taken'
"$folder/zero-rewrite" "$@" &
child=$!
wait "$child"
