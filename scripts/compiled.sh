#!/usr/bin/env bash
# Builds the wheel with its hot path compiled to C and installs it into a virtual environment of its own.
# Usage: scripts/compiled.sh VENV_DIRECTORY        Environment: PYTHON = the interpreter to use (3.11 or newer).
set -euo pipefail
cd "$(dirname "$0")/.."

complain() {
    printf 'make compiled: %s\n' "$@" >&2
    exit 1
}

find_python() {
    python=${PYTHON:-.venv/bin/python}
    command -v "$python" >/dev/null 2>&1 || python=python3
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        complain "'$python' is not Python 3.11 or newer; name one: make compiled PYTHON=/path/to/python3.12"
    local headers
    headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    if ! command -v gcc >/dev/null 2>&1 || [[ ! -e $headers/Python.h ]]; then
        complain "a C compiler and Python's headers are needed." "On Debian and Ubuntu: apt install gcc libc6-dev python3-dev"
    fi
}

version_of() {
    "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null
}

# A venv of another Python is made anew: what was compiled for one is not there for the other.
usable_venv() {
    [[ $(version_of "$venv/bin/python") == "$(version_of "$python")" ]] && "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# A function, so that the shell has read all of it before the minutes that the compiler takes.
main() {
    venv=${1:-.venv-compiled}
    find_python
    usable_venv || "$python" -m venv --clear "$venv"
    rm -rf "$venv/wheel"
    # Twice: with it come the dependencies, which the training needs; then what it was for.
    pip_install -c constraints.txt .
    CALLYARD_COMPILE=1 CALLYARD_TRAINER="$(realpath --no-symlinks "$venv/bin/python")" \
        "$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$venv/wheel" .
    local wheel=("$venv"/wheel/callyard-*.whl)
    pip_install --no-deps --force-reinstall "${wheel[0]}"
    "$venv/bin/python" -P scripts/compiled_check.py
    printf 'installed: %s/bin/callyard: %s\n' "$venv" "$("$venv/bin/callyard" --version)"
    printf 'the wheel, for machines without a compiler: %s\n' "${wheel[0]}"
    exit
}

main "$@"
