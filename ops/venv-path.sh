#!/usr/bin/env bash
# Prints where this checkout's virtual environment lives: $VENV, else .venv, else the cache when the checkout is read-only.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -n "${VENV:-}" ]; then
    echo "$VENV"
elif [ -w "$here" ]; then
    echo "$here/.venv"
else
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/zentao-deploy/venv-$(printf %s "$here" | sha256sum | cut -c1-12)"
fi
