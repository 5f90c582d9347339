#!/usr/bin/env bash
# Prepares a checkout (or an unpacked archive): system packages where we may install them, then the virtual environment.
# Usage: ops/setup.sh PURPOSE, PURPOSE one of: check, test, demo. The second run takes a second.
# Environment: PYTHON, VENV, TORCH_INDEX_URL (an index that holds the wanted torch build), TORCH_WHEELS (a folder of wheels).
set -euo pipefail

purpose=${1:?"usage: ops/setup.sh check|test|demo"}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Where the environment lives: VENV, else .venv, else (a checkout that we may not write to) the user's cache.
venv=$(ops/venv-path.sh)

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

missing=()
optional=()
python=$(find_python) || missing+=(python3)
if [ -n "${python:-}" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
command -v git >/dev/null || missing+=(git)
if [ "$purpose" != check ]; then
    if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
        optional+=(chromium)
    fi
    # Without a font for Chinese the screenshots show boxes.
    cjk=$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.local/share/fonts" -iname '*cjk*' 2>/dev/null || true)
    [ -n "$cjk" ] || optional+=(fonts-noto-cjk)
fi
if [ "$purpose" = test ]; then
    [ -x /usr/sbin/sshd ] || command -v sshd >/dev/null || optional+=(openssh-server)
fi

wanted=("${missing[@]}" "${optional[@]}")
if [ ${#wanted[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing ${wanted[*]} with apt-get"
        # A postinst may start a service; the tests bring their own sshd and need none running.
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
        python=$(find_python) || die "Python 3.11 or newer is needed and this system's package is older"
    elif [ ${#missing[@]} -gt 0 ]; then
        die "missing: ${missing[*]}. Please run: sudo apt-get install ${wanted[*]}"
    else
        say "not installed: ${optional[*]}. Going on without (what needs them is skipped and says so)."
        say "To have them: sudo apt-get install ${optional[*]}"
    fi
fi

stamp=$("$python" - "$here" "$here/pyproject.toml" "${TORCH_INDEX_URL:-}" <<'PYTHON'
import hashlib, pathlib, sys
parts = [sys.version, sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), sys.argv[3]]
print(hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16])
PYTHON
)
if [ -e "$venv/.stamp-$stamp" ]; then exit 0; fi

say "making the virtual environment $venv (the first time takes minutes: torch alone is 200 MB to several GB)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
rm -f "$venv"/.stamp-*
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --upgrade 'pip>=25.1'
if ! "$venv/bin/python" -c 'import torch, sys; sys.exit(not torch.__version__.startswith("2.13."))' 2>/dev/null; then
    torch=(torch==2.13.0)
    [ -z "${TORCH_INDEX_URL:-}" ] || torch+=(--index-url "$TORCH_INDEX_URL")
    [ -z "${TORCH_WHEELS:-}" ] || torch+=(--find-links "$TORCH_WHEELS")
    "${pip[@]}" install "${torch[@]}"
fi
"${pip[@]}" install --editable '.[tts,probe,screenshot,training]' --group dev
touch "$venv/.stamp-$stamp"
say "ready: $venv"
