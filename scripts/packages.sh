#!/bin/bash
# Install the Debian packages of the given lists that are missing: packages.sh packages.txt…
# No recommended extras, and no service that a package brings is started now or at the next boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
missing=()
for package in $(sed 's/#.*//' "$@"); do installed "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || { echo "nothing is missing"; exit 0; }
if [ "$(id -u)" != 0 ]; then
    echo "These Debian packages are missing, and only root can install them: ${missing[*]}" >&2
    echo "Run as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

policy=/usr/sbin/policy-rc.d
kept=$policy.before-kumoi
restore() { rm -f $policy; [ ! -e $kept ] || mv $kept $policy; }
[ ! -e $policy ] || [ -e $kept ] || mv $policy $kept
trap restore EXIT
printf '#!/bin/sh\n# Set by Kumoi while it installs packages: none may start a service.\nexit 101\n' >$policy
chmod 755 $policy

before=$(mktemp)
dpkg-query -W -f='${Package}\n' | sort >"$before"
apt=(apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
echo "missing: ${missing[*]}"
"${apt[@]}" install --no-install-recommends "${missing[@]}" || {
    "${apt[@]}" update
    "${apt[@]}" install --no-install-recommends "${missing[@]}"
}
# On a machine with systemd, what was enabled just now would start at the next boot.
if [ -d /run/systemd/system ]; then
    dpkg-query -W -f='${Package}\n' | sort | comm -13 "$before" - | while read -r package; do
        dpkg -L "$package" | sed -n 's#^\(/usr\)\?/lib/systemd/system/\([^@/]*\.\(service\|socket\|timer\)\)$#\2#p'
    done | xargs -r systemctl --quiet disable || true
fi
rm -f "$before"
