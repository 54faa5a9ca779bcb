#!/bin/bash
# Write requirements/*.txt anew from pyproject.toml: exact versions with hashes, no address of any registry.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
lock() { "$uv" pip compile --quiet --generate-hashes --python-version 3.11 --python-platform linux --no-emit-index-url --no-emit-find-links --no-annotate --no-header --allow-unsafe "$@"; }
lock requirements/build.in -o requirements/build.txt
lock requirements/node.in -o requirements/node.txt
lock pyproject.toml --extra client -o requirements/cloud.txt
lock pyproject.toml --extra client --extra dev -c requirements/cloud.txt -o requirements/development.txt
lock requirements/conformance.in -o requirements/conformance.txt
