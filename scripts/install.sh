#!/usr/bin/env bash
# Makes (or repairs) the virtual environment and installs callyard with its developers' tools into it.
# Usage: scripts/install.sh VENV_DIRECTORY        Environment: PYTHON = the interpreter to use.
# Needs no root and calls no apt; `make install` runs it once per change of pyproject.toml or constraints.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:-.venv}

complain() {
    printf 'make install: %s\n' "$@" >&2
    exit 1
}

recent_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if recent_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

usable_venv() {
    recent_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

if ! usable_venv; then
    python=$(find_python) || complain "no Python 3.11 or newer was found${PYTHON:+ as '$PYTHON'}." \
        "Install one (Debian 12, Ubuntu 24.04: apt install python3 python3-venv) or name it: make install PYTHON=/path/to/python3.12"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || complain "$python cannot make virtual environments." \
        "On Debian and Ubuntu: apt install python3-venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
printf 'installed: %s/bin/callyard\n' "$venv"
