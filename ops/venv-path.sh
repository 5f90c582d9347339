#!/usr/bin/env bash
# Prints where this checkout's virtual environment lives: $VENV, else .venv, else (a checkout that is not ours to write
# to) a folder of its own in the user's cache.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
if [ -n "${VENV:-}" ]; then
    printf '%s\n' "$VENV"
elif [ -w "$here" ] && { [ ! -e "$here/.venv" ] || [ -w "$here/.venv" ]; }; then
    printf '%s\n' "$here/.venv"
else
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/zentao-deploy/$(printf %s "$here" | sha256sum | cut -c1-12)/venv"
fi
