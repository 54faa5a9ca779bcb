#!/bin/bash
# Both commands of the README, twice each, from a clean clone of HEAD inside a bare Debian with only git and make:
# fresh.sh [command inside the clone…]   (without any: make cloud, make cloud, kumoi down, make test, its second run)
# The second `make cloud` must say READY and change nothing: the same processes, the same servers. The second run of the
# tests installs and checks as the first did, and takes of the tests those that need no root: all would take twice as long.
# Own mount and process namespaces; the network is this machine's, and so are its ways to the package registries.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
cache=${KUMOI_CACHE:-/var/cache/kumoi}
fail() { echo "fresh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "needs root, for debootstrap and namespaces"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install --no-install-recommends debootstrap"
[ -z "$(git status --porcelain)" ] || echo "fresh: what is not committed is not part of it" >&2

# A bare Debian as a tar, made once; its mirror is the one that this machine's apt uses.
bare=$cache/bare-bookworm.tar
make_bare() {
    local mirror folder
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
    [ -n "$mirror" ] || fail "this machine's apt knows no mirror of bookworm: apt-get update"
    mkdir -p "$cache"
    folder=$(mktemp -d "$cache/bare.XXXXXX")
    debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$folder" "$mirror" >&2
    rm -rf "$folder"/var/cache/apt/archives/*.deb
    tar -C "$folder" -cf "$bare.part" .
    mv "$bare.part" "$bare"
    rm -rf "$folder"
}
[ -s "$bare" ] || make_bare

# How this machine reaches its registries: sources and proxies of apt, certificates, pip's configuration.
lend_registries() {
    local target=$1 path
    rm -f "$target/etc/apt/sources.list"
    for path in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        if [ -f "$path" ] && grep -q bookworm "$path" && grep -q debian "$path"; then cp -p --parents "$path" "$target"; fi
    done
    apt-config dump | grep -E '^Acquire::(http|https|Check|ForceIP|Retries)' >"$target/etc/apt/apt.conf.d/00machine" || true
    for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/xdg/pip /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt; do
        if [ -e "$path" ]; then cp -rL --parents "$path" "$target"; fi
    done
    [ ! -f ~/.config/pip/pip.conf ] || install -D ~/.config/pip/pip.conf "$target/root/.config/pip/pip.conf"
}

machine=$(mktemp -d "$cache/fresh.XXXXXX")
trap 'rm -rf --one-file-system "$machine"' EXIT
tar -C "$machine" -xf "$bare"
chmod 755 "$machine"
lend_registries "$machine"
mkdir -p "$machine/source"
if [ $# -gt 0 ]; then printf '%q ' "$@" >"$machine/job"; else
    cat >"$machine/job" <<'JOB'
there() {  # processes and servers with their ids; supervisor and standby, which `up` renews, aside
    .venv/bin/kumoi status --data /var/lib/kumoi --json | .venv/bin/python -c '
import json, sys
for row in json.load(sys.stdin)["processes"]:
    if row["name"] not in ("supervisor", "standby"):
        print(row["name"], row["pid"])' | sort
    OS_CLIENT_CONFIG_FILE=/var/lib/kumoi/clouds.yaml .venv/bin/python -c '
import openstack
for server in openstack.connect("kumoi").compute.servers(details=False, all_projects=True):
    print("server", server.id)' | sort
}
make cloud | tee /tmp/cloud.log
tail -n 1 /tmp/cloud.log | grep -q '^READY http' || { echo "fresh: the last line is not READY" >&2; exit 1; }
there >/tmp/first
make cloud | tee /tmp/cloud.log
tail -n 1 /tmp/cloud.log | grep -q '^READY http' || { echo "fresh: the second time, the last line is not READY" >&2; exit 1; }
there >/tmp/second
diff /tmp/first /tmp/second || { echo "fresh: the second make cloud has changed what runs" >&2; exit 1; }
.venv/bin/kumoi audit --data /var/lib/kumoi
.venv/bin/kumoi down --data /var/lib/kumoi
make test
make install-development check
.venv/bin/pytest -n 2 -m "not real and not end_to_end"
JOB
fi
cat >"$machine/start" <<'START'
set -euo pipefail
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
git config --global --add safe.directory '*'
git clone -q /source /root/kumoi
cd /root/kumoi
. /job
START

export machine repository
unshare --mount --pid --fork --kill-child --propagation private bash -c '
    set -euo pipefail
    mount --bind "$machine" "$machine"
    mount -t proc proc "$machine/proc"
    mount --rbind /sys "$machine/sys"
    mount --rbind /dev "$machine/dev"
    mount -t tmpfs -o mode=755 run "$machine/run"
    mount --bind -o ro "$repository" "$machine/source"
    for path in /opt/wheels /opt/pypi; do
        [ ! -d "$path" ] || { mkdir -p "$machine$path"; mount --bind "$path" "$machine$path"; }
    done
    unset KUMOI_CACHE VIRTUAL_ENV PYTHONPATH
    chroot "$machine" bash -eo pipefail /start
'
echo "fresh: well"
