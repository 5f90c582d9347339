#!/usr/bin/env bash
# Runs the project's own Python in the project's folder: ops/run.sh -m pytest -q
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$here"
venv=$(ops/venv-path.sh)
if [ ! -x "$venv/bin/python" ]; then
    echo "nothing is set up here yet: run \`make demo\` or \`make test\` first" >&2
    exit 1
fi
if [ ! -w "$here" ]; then
    # Somebody else's checkout: what tools usually leave in the tree goes beside the environment.
    caches=$(dirname -- "$venv")/caches
    export PYTHONPYCACHEPREFIX=$caches/python MYPY_CACHE_DIR=$caches/mypy RUFF_CACHE_DIR=$caches/ruff
    export HYPOTHESIS_STORAGE_DIRECTORY=$caches/hypothesis
    export PYTEST_ADDOPTS="${PYTEST_ADDOPTS:-} -o 'cache_dir=$caches/pytest'"
fi
exec "$venv/bin/python" "$@"
