#!/bin/bash
# Make or complete .venv from locked dependencies: virtualenv.sh cloud|development
# A second run with the same lock does nothing. Sources of packages are whatever this machine's pip is set up with.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=requirements/$1.txt
stamp=.venv/.kumoi-$1-$(cat requirements/build.txt "$lock" pyproject.toml | sha256sum | cut -c1-16)
[ -e "$stamp" ] && { echo "nothing to do"; exit; }

python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3)
$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $python is older" >&2; exit 1; }
[ -x .venv/bin/python ] || $python -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
echo "build tools"
pip install --require-hashes --no-deps -r requirements/build.txt
echo "$(grep -c == "$lock") packages of $lock"
pip install --require-hashes --no-deps --no-build-isolation -r "$lock"
echo "kumoi itself"
pip install --no-deps --no-build-isolation --editable .
rm -f .venv/.kumoi-"$1"-*
touch "$stamp"
