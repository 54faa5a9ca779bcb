#!/bin/bash
# Build the small guest image from Debian packages: guest-image.sh [--path]
# Prints the path of the finished qcow2 on the last line; --path prints it without building.
# Everything happens in files: no loop device, no mount. Root is needed for owners and modes inside the image.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cache=${KUMOI_CACHE:-/var/cache/kumoi}

programs=(
    /usr/sbin/dropbear /usr/bin/dropbearkey /usr/bin/sudo /usr/bin/jq
    /usr/sbin/dhcpcd /bin/lsblk /bin/findmnt /sbin/blkid /sbin/resize2fs /sbin/mke2fs
)
plugins=(
    /usr/libexec/sudo/sudoers.so
    /lib/x86_64-linux-gnu/security/pam_permit.so
)
packages=(
    busybox-static dropbear-bin libtomcrypt1 libtommath1 libgmp10 zlib1g libcrypt1 libc6
    sudo libpam0g libpam-modules libaudit1 libcap-ng0 libselinux1 libpcre2-8-0 libapparmor1
    util-linux libsmartcols1 libblkid1 libmount1 libuuid1 libudev1 libtinfo6
    e2fsprogs logsave libext2fs2 libcom-err2 libss2 jq libjq1 libonig5 dhcpcd-base
)
early_modules=(virtio_pci virtio_blk virtio_scsi sd_mod)
modules=(
    "${early_modules[@]}" virtio_net virtio_rng virtio_balloon virtio_console
    button evdev isofs vfat nls_cp437 nls_ascii nls_iso8859-1 sr_mod ata_piix
)
boot_mib=24
root_mib=72

recipe=$(cd "$here" && find guest-image.sh guest -type f | sort | xargs sha256sum | sha256sum | cut -c1-16)
image=$cache/guest-$recipe.qcow2
[ "${1:-}" = --path ] && { echo "$image"; exit; }
[ -s "$image" ] && { echo "$image"; exit; }

fail() { echo "guest-image: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "needs root, for the owners and modes of the files inside the image"
for tool in syslinux mcopy mkfs.vfat mke2fs sfdisk cpio qemu-img dpkg; do
    command -v $tool >/dev/null || fail "$tool is missing: make packages installs it"
done

mkdir -p "$cache"
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
stage=$work/stage root=$work/root early=$work/early
mkdir -p "$stage" "$root" "$early" "$work/debs"

unpack_packages() {
    "$here/download-packages.sh" "$work/debs" linux-image-cloud-amd64 "${packages[@]}" >&2
    for package in "$work"/debs/*.deb; do dpkg -x "$package" "$stage"; done
    kernel_version=$(ls "$stage/lib/modules")
}

# busybox's own applets, then each wanted program with the libraries that the loader names. Its shell prefers applets to files,
# so the applet wget, which crashes on -T, gets another name of the same length and place in the order; guest/root has a wget.
add_busybox() {
    install -D -m 755 "$stage/bin/busybox" "$1/usr/bin/busybox"
    sed -i 's/\x00wget\x00/\x00wgeu\x00/' "$1/usr/bin/busybox"
    "$1/usr/bin/busybox" --list | grep -qx wgeu || fail "busybox has no applet wget to rename"
    for applet in $("$1/usr/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln -sf busybox "$1/usr/bin/$applet"
    done
}

add_with_libraries() {
    local library loader=$stage/lib64/ld-linux-x86-64.so.2
    local path=$stage/lib/x86_64-linux-gnu:$stage/usr/lib/x86_64-linux-gnu:$stage/usr/libexec/sudo
    local listing
    listing=$("$(readlink -f "$stage/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")" --library-path "$path" --list "$stage$1")
    grep -q 'not found' <<<"$listing" && fail "$1 lacks a library: $(grep 'not found' <<<"$listing")"
    rm -f "$root$1"
    install -D -m "$(stat -c %a "$stage$1")" "$stage$1" "$root$1"
    while read -r library; do
        install -D -m 755 "$library" "$root/usr/lib/x86_64-linux-gnu/$(basename "$library")"
    done < <(awk '$2 == "=>" {print $3}' <<<"$listing" | grep -v ld-linux)
}

add_modules() {
    local target=$1 name file
    shift
    local dependencies=$stage/lib/modules/$kernel_version/modules.dep
    [ -s "$dependencies" ] || "$stage/bin/busybox" depmod -b "$stage" "$kernel_version"
    for name in "$@"; do
        awk -v name="/$(tr _ - <<<"$name").ko:" \
            '{line = $1; gsub("_", "-", line)} index(line, name) {sub(":", ""); print; exit}' "$dependencies" | tr ' ' '\n'
    done | sort -u | while read -r file; do
        [ -z "$file" ] || install -D -m 644 "$stage/lib/modules/$kernel_version/$file" "$target/usr/lib/modules/$kernel_version/$file"
    done
    cp "$stage/lib/modules/$kernel_version"/modules.{order,builtin,builtin.modinfo} "$target/usr/lib/modules/$kernel_version/"
    "$stage/bin/busybox" depmod -b "$target" "$kernel_version"
}

lay_out() {
    mkdir -p "$1"/{dev,proc,sys,run,tmp,usr/bin,usr/sbin,usr/lib/modules,usr/lib64,root,mnt}
    for folder in bin sbin lib lib64; do ln -s usr/$folder "$1/$folder"; done
}

build_root() {
    lay_out "$root"
    mkdir -p "$root"/{etc/dropbear,home/kumoi/.ssh,var/log,var/lib/kumoi,var/lib/dhcpcd}
    ln -s ../run "$root/var/run"
    cp -L "$stage/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$root/usr/lib64/"
    add_busybox "$root"
    for file in "${programs[@]}" "${plugins[@]}"; do add_with_libraries "$file"; done
    ln -sf mke2fs "$root/usr/sbin/mkfs.ext4"
    add_modules "$root" "${modules[@]}"
    cp -r --no-preserve=ownership "$here/guest/root/." "$root/"
    ln -sf ../bin/busybox "$root/usr/sbin/init"
    chmod 755 "$root"/etc/kumoi/* "$root/usr/bin/wget"
    chmod 640 "$root/etc/shadow"
    chmod 440 "$root/etc/sudoers"
    chmod 700 "$root/root" "$root/home/kumoi/.ssh"
    chmod 1777 "$root/tmp"
    chown -R 0:0 "$root"
    chown -R 1000:1000 "$root/home/kumoi"
    chmod 4755 "$root/usr/bin/sudo"
}

build_early() {
    lay_out "$early"
    add_busybox "$early"
    add_modules "$early" "${early_modules[@]}"
    install -m 755 "$here/guest/init" "$early/init"
    (cd "$early" && find . | cpio --quiet -o -H newc --owner 0:0 | gzip -1) >"$work/initrd"
}

build_disk() {
    truncate -s ${boot_mib}M "$work/boot.img"
    mkfs.vfat -F 16 -n KUMOI-BOOT "$work/boot.img" >/dev/null
    mcopy -i "$work/boot.img" "$stage/boot/vmlinuz-$kernel_version" ::vmlinuz
    mcopy -i "$work/boot.img" "$work/initrd" "$here/guest/syslinux.cfg" ::
    syslinux --install "$work/boot.img"
    truncate -s ${root_mib}M "$work/root.img"
    mke2fs -q -t ext4 -b 4096 -L kumoi-root -m 0 -J size=4 -E root_owner=0:0,resize=67108864 -d "$root" "$work/root.img"
    truncate -s $((1 + boot_mib + root_mib))M "$work/disk.raw"
    sfdisk -q "$work/disk.raw" <<LAYOUT
label: dos
start=1MiB, size=${boot_mib}MiB, type=e, bootable
start=$((1 + boot_mib))MiB, size=${root_mib}MiB, type=83
LAYOUT
    dd if=/usr/lib/syslinux/mbr/mbr.bin of="$work/disk.raw" bs=440 count=1 conv=notrunc status=none
    dd if="$work/boot.img" of="$work/disk.raw" bs=1M seek=1 conv=notrunc,sparse status=none
    dd if="$work/root.img" of="$work/disk.raw" bs=1M seek=$((1 + boot_mib)) conv=notrunc,sparse status=none
    qemu-img convert -O qcow2 "$work/disk.raw" "$work/guest.qcow2"
}

unpack_packages
build_root
build_early
build_disk
chmod 644 "$work/guest.qcow2"
mv "$work/guest.qcow2" "$image"
find "$cache" -maxdepth 1 -name 'guest-*.qcow2' ! -path "$image" -mtime +7 -delete
echo "$image"
