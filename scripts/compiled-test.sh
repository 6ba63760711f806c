#!/usr/bin/env bash
# Runs tests on the compiled build: this tree and the extensions of VENV_DIRECTORY together in a folder of their own.
# Usage: scripts/compiled-test.sh VENV_DIRECTORY PYTHON [pytest's arguments]       PYTHON has the test tools.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1 python=$(realpath --no-symlinks "$2")
shift 2
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
if ! compgen -G "$packages/*__mypyc*.so" >/dev/null; then
    printf 'make compiled-test: nothing is compiled yet; run "make compiled" first\n' >&2
    exit 1
fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git ls-files -z | xargs -0 cp --parents --target-directory="$tree"
(cd "$packages" && find ./*__mypyc*.so app b2bua media queues sipcore \( -name '*.so' -o -path app/compiled.json \) -print0 | xargs -0 cp --parents --target-directory="$tree")
cd "$tree"
# Tests marked "interpreted" (they patch our functions or read their source) are left to `make test`, see tests/conftest.py.
PYTHONPATH=$tree "$python" -m pytest -p no:cacheprovider "$@"
