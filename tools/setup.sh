#!/bin/sh
# Prepares a virtual environment with the five packages (editable) and every development tool, as uv.lock pins them.
#
#   tools/setup.sh check    says in one line what is missing on this machine, if anything
#   tools/setup.sh uv       prepares only the private, pinned uv in .tools/uv
#   tools/setup.sh          both, and the environment; at once when nothing has changed since
#
# PYTHON names the interpreter (python3), VENV the environment's folder (.venv).
# It needs python3 with venv and the package registry, and takes nothing from the caller's own uv or Python settings.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv}
uv_home=.tools/uv

fail() {
    echo "$1" >&2
    exit 1
}

# Asks the interpreter itself, since a name on PATH may be a shim that leads nowhere.
check() {
    wanted="Zester needs Python 3.11, 3.12 or 3.13 with venv"
    install="on Debian: apt-get install python3 python3-venv"
    command -v "$python" >/dev/null 2>&1 || fail "$wanted, and there is no $python here; $install"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        fail "$wanted, and $python does not start; $install, or name another one with PYTHON=..."
    case $version in
    3.11 | 3.12 | 3.13) ;;
    *) fail "$wanted, and $python is $version; install one of them and name it with PYTHON=python3.11" ;;
    esac
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$wanted, and $python has no venv; on Debian: apt-get install python$version-venv"
}

# The caller's settings would choose another index, interpreter or folder than the lock and this script mean.
forget_caller() {
    for name in $(env | sed -n 's/^\(UV_[A-Za-z0-9_]*\)=.*/\1/p'); do
        unset "$name"
    done
    unset VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE
    unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_REQUIRE_VIRTUALENV PIP_PYTHON
    # uv does not trust the system's certificates by itself, and UV_NO_CONFIG switches off that line of pyproject.toml.
    export UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never
}

prepare_uv() {
    if ! cmp -s tools/uv-requirements.txt "$uv_home/installed.txt"; then
        echo "setup: a private uv into $uv_home"
        rm -rf "$uv_home"
        "$python" -m venv "$uv_home"
        "$uv_home/bin/python" -m pip install --quiet --quiet --disable-pip-version-check \
            --require-hashes --no-deps --requirement tools/uv-requirements.txt
        cp tools/uv-requirements.txt "$uv_home/installed.txt"
    fi
}

# An environment is bound to its interpreter and to its place: the scripts in it name both.
home_of() {
    "$python" -c 'import os, sys
print(sys._base_executable, sys.version.replace("\n", " "), os.getcwd(), sep="|")'
}

# What the installed packages follow from.
contents_of() {
    cat uv.lock pyproject.toml packages/*/pyproject.toml tools/setup.sh tools/uv-requirements.txt | cksum
}

prepare_venv() {
    home=$(home_of)
    contents=$(contents_of)
    stamp="$home
$contents"
    if [ "$stamp" = "$(cat "$venv/setup-stamp" 2>/dev/null)" ] && [ -x "$venv/bin/python" ] && [ -x "$uv_home/bin/uv" ]; then
        return
    fi
    prepare_uv
    uv=$uv_home/bin/uv
    echo "setup: five packages and their tools into $venv"
    if [ "$home" != "$(head -n 1 "$venv/setup-stamp" 2>/dev/null)" ]; then
        "$uv" venv --quiet --clear --python "${home%%|*}" "$venv"
    fi
    rm -f "$venv/setup-stamp"
    "$uv" lock --quiet --check || fail "setup: uv.lock does not fit the pyprojects; run: make lock"
    "$uv" export --quiet --frozen --all-packages --all-groups --no-emit-workspace --output-file "$venv/locked.txt"
    "$uv" pip install --quiet --python "$venv" --require-hashes --compile-bytecode --requirement "$venv/locked.txt"
    UV_PROJECT_ENVIRONMENT=$venv "$uv" sync --quiet --frozen --all-packages --all-groups
    "$uv" pip check --quiet --python "$venv"
    printf '%s\n' "$stamp" >"$venv/setup-stamp"
}

check
forget_caller
case ${1:-venv} in
check) ;;
uv) prepare_uv ;;
venv) prepare_venv ;;
*) fail "setup: $1 is none of check, uv, venv" ;;
esac
