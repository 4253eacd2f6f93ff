# Where the guests' parts are kept; sourced by the scripts beside it. Everything that is made stays
# outside the tree, in $ZSWAPD_GUEST_CACHE or the user's cache folder.
export PATH=$PATH:/usr/sbin:/sbin
guest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${ZSWAPD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/zswapd-guest}
initrd=$cache/initrd.cpio
# The generic kernel, which has zswap, and the cloud kernel, which is small and has none.
generic_kernel=$cache/kernel-generic
memcg_initrd=$cache/initrd-memcg.cpio

# Prints the path of a kernel's image, or nothing where setup.sh has not run.
kernel_image() {
  find "${1:-$cache/kernel}/boot" -name 'vmlinuz-*' 2>/dev/null | head -n 1
}

# up_to_date FILE SOURCE…: whether a file is newer than all that it is made of.
up_to_date() {
  local made=$1 source
  shift
  for source in "$@"; do [[ $made -nt $source ]] || return 1; done
}

# pack_modules KERNEL ROOT MODULE…: the modules with all they need, unpacked, and their load order.
pack_modules() {
  local kernel=$1 root=$2 release module
  release=$(kernel_image "$kernel")
  release=${release##*/vmlinuz-}
  shift 2
  mkdir -p "$root/modules"
  depmod -b "$kernel" "$release"
  for module in "$@"; do
    modprobe -d "$kernel" -S "$release" --show-depends "$module"
  done | awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r file; do
    name=$(basename "$file")
    case $name in
      *.xz) name=${name%.xz} && xz -dc "$file" >"$root/modules/$name" ;;
      *.zst) name=${name%.zst} && zstd -dcq "$file" >"$root/modules/$name" ;;
      *) cp "$file" "$root/modules/$name" ;;
    esac
    echo "$name" >>"$root/modules/order"
  done
}

# pack_initrd ROOT FILE: a folder as an initial RAM disk.
pack_initrd() {
  (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc) >"$2.new"
  mv "$2.new" "$2"
}
