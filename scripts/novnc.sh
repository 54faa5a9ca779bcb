#!/bin/bash
# Unpack noVNC's static files from Debian's package, without what the package depends on; prints where they are.
set -euo pipefail
cache=${KUMOI_CACHE:-/var/cache/kumoi}
[ -s "$cache/novnc/vnc_lite.html" ] && { echo "$cache/novnc"; exit; }
mkdir -p "$cache"
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$(dirname "$0")/download-packages.sh" "$work" novnc >&2
dpkg -x "$work"/novnc_*.deb "$work/root"
[ -s "$work/root/usr/share/novnc/vnc_lite.html" ] || { echo "novnc: the package has no vnc_lite.html" >&2; exit 1; }
chmod -R a+rX "$work/root/usr/share/novnc"
rm -rf "$cache/novnc"
cp -rL "$work/root/usr/share/novnc" "$cache/novnc"
echo "$cache/novnc"
