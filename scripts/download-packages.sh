#!/bin/bash
# Download Debian packages without installing them: download-packages.sh FOLDER package…
# `linux-image-cloud-amd64` stands for the kernel that it depends on. Lists of packages that are missing or old are renewed.
set -euo pipefail
export LC_ALL=C
folder=$1
shift
cd "$folder"

download() {
    local package names=()
    for package in "$@"; do
        if [ "$package" = linux-image-cloud-amd64 ]; then
            package=$(apt-cache depends "$package" 2>/dev/null | awk '/Depends: linux-image/ {print $2; exit}')
            [ -n "$package" ] || return 1
        fi
        names+=("$package")
    done
    apt-get -qq -o APT::Sandbox::User=root download "${names[@]}"
}

download "$@" || { apt-get -qq update && download "$@"; }
