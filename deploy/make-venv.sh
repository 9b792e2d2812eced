#!/bin/sh
# Makes .venv with the first Python on the path that is new enough, or says in one sentence what is missing.
set -eu

for python in python3 python3.14 python3.13 python3.12 python3.11 none; do
    if [ "$python" = none ]; then
        echo "DVIS-Bench needs Python 3.11 or newer, and python3 here is $(python3 -V 2>&1 || true): install one, for example with: apt-get install python3.11 python3.11-venv" >&2
        exit 1
    fi
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        break
    fi
done

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python's venv module is not installed: get it with: apt-get install python$version-venv (or your system's package of that name), then run make again." >&2
    exit 1
fi

rm -rf .venv
if ! "$python" -m venv .venv; then
    rm -rf .venv
    exit 1
fi
