#!/usr/bin/env bash
# Prepares a checkout or an unpacked archive: system packages where we may install them, then the virtual environment.
# Usage: ops/setup.sh check|test|demo|bench. Once everything is there it takes a second and needs no network.
# Environment: PYTHON (the interpreter to use), VENV (where the environment goes), TORCH_INDEX_URL (a package index that
# holds the wanted build of torch), TORCH_WHEELS (a folder of wheels, looked into as well).
set -euo pipefail

purpose=${1:?"usage: ops/setup.sh check|test|demo|bench"}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$here"
venv=$(ops/venv-path.sh)

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

new_enough() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if new_enough "$candidate"; then
            command -v -- "$candidate"
            return
        fi
    done
    return 1
}

# What the environment was made from. Settings of ruff and the like may change without a new installation.
stamp_of() {
    "$1" -I - "$here" <<'PYTHON'
import hashlib, pathlib, sys, tomllib
tables = tomllib.loads((pathlib.Path(sys.argv[1]) / "pyproject.toml").read_text("utf-8"))
parts = [sys.version, sys.argv[1], *(tables[name] for name in ("build-system", "project", "dependency-groups"))]
print(hashlib.sha256(repr(parts).encode()).hexdigest()[:16])
PYTHON
}

# What only `make bench-tts` compares with is installed when it is asked for.
with_rivals() {
    if [ "$purpose" = bench ] && ! "$venv/bin/python" -I -c 'import transformers' 2>/dev/null; then
        say "installing what the benchmark compares with"
        "$venv/bin/python" -m pip --disable-pip-version-check -qq install --group bench
    fi
}

# Same Python as the environment was made with, same folder, same dependencies.
is_ready() {
    new_enough "$venv/bin/python" && [ -e "$venv/.stamp-$(stamp_of "$venv/bin/python")" ]
}

# --- system packages ---------------------------------------------------------------------------------------------
needed=()    # without these nothing works
optional=()  # without these something is left out, and says so
python=
if ! is_ready; then
    if ! python=$(find_python); then
        needed+=(python3 python3-venv)
    elif ! "$python" -I -c 'import ensurepip, venv' 2>/dev/null; then
        needed+=("$("$python" -I -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
    fi
fi
if [ "$purpose" != check ]; then
    command -v git >/dev/null || needed+=(git)
    chromium=${ZENTAO_DEPLOY_CHROMIUM:-}
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        chromium=${chromium:-$(command -v "$name" || true)}
    done
    [ -n "$chromium" ] || optional+=(chromium)
    # Without a font for Chinese the screenshots show boxes.
    cjk=$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.local/share/fonts" -iname '*cjk*' 2>/dev/null || true)
    [ -n "$cjk" ] || optional+=(fonts-noto-cjk)
fi
if [ "$purpose" = test ]; then
    command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] || optional+=(openssh-server)
fi

hint() {
    if [[ " ${optional[*]} " == *" chromium "* ]] && grep -qs '^ID=ubuntu' /etc/os-release; then
        say "Ubuntu has Chromium as a snap only: snap install chromium, or after the set-up: $venv/bin/playwright install chromium"
    fi
}
apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

wanted=("${needed[@]}" "${optional[@]}")
if [ ${#wanted[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing with apt-get: ${wanted[*]}"
        apt-get update -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 >&2 || say "apt-get update failed; trying all the same"
        if [ ${#needed[@]} -gt 0 ]; then
            apt_install "${needed[@]}" || die "apt-get could not install ${needed[*]}; please install them and try again"
        fi
        for package in "${optional[@]}"; do
            apt_install "$package" || { say "could not install $package; going on without, what needs it is skipped and says so"; hint; }
        done
        if [[ " ${optional[*]} " == *" openssh-server "* ]]; then
            say "openssh-server is used by the tests alone; if this machine should not run it: systemctl disable --now ssh"
        fi
    elif [ ${#needed[@]} -gt 0 ]; then
        die "missing: ${needed[*]}. Please run: sudo apt-get install ${wanted[*]}"
    else
        say "not installed: ${optional[*]}. Going on without; what needs them is skipped and says so."
        say "To have them: sudo apt-get install ${optional[*]}"
        hint
    fi
fi

# --- the virtual environment -------------------------------------------------------------------------------------
if is_ready; then
    with_rivals
    exit 0
fi
# One at a time; a folder can be locked like a file and leaves nothing behind.
mkdir -p -- "$(dirname -- "$venv")"
exec 9<"$(dirname -- "$venv")"
flock 9
if is_ready; then
    with_rivals
    exit 0
fi

was_ready=$(compgen -G "$venv/.stamp-*" || true)
if ! new_enough "$venv/bin/python"; then
    python=$(find_python) || die "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3"
    say "making the virtual environment $venv"
    "$python" -m venv --clear -- "$venv"
    was_ready=
fi

# Only errors are shown, but a download of gigabytes shows how far it is where somebody is watching.
pip=("$venv/bin/python" -m pip --disable-pip-version-check)
install() { "${pip[@]}" -qq install "$@" 9>&-; }
install_torch() {
    if "$venv/bin/python" -I -c 'import sys, torch; sys.exit(not torch.__version__.startswith("2.13."))' 2>/dev/null; then
        return
    fi
    local torch=(torch==2.13.0)
    [ -z "${TORCH_WHEELS:-}" ] || torch+=(--find-links "$TORCH_WHEELS")
    # That index is for torch alone; what torch needs comes with everything else.
    [ -z "${TORCH_INDEX_URL:-}" ] || torch+=(--no-deps --index-url "$TORCH_INDEX_URL")
    say "installing torch (200 MB for a CPU build, several GB with CUDA; see README.md)"
    if [ -t 2 ]; then "${pip[@]}" install "${torch[@]}" 9>&-; else install "${torch[@]}"; fi
}
install_all() {
    install --upgrade 'pip>=25.1' && install_torch && say "installing everything else" &&
        install --editable '.[tts,probe,screenshot,training,score]' --group dev
}

if install_all; then
    rm -f -- "$venv"/.stamp-*
    touch -- "$venv/.stamp-$(stamp_of "$venv/bin/python")"
    say "ready: $venv"
    with_rivals
elif [ -n "$was_ready" ]; then
    # Dependencies changed and there is no network, say: what was there may well do.
    say "the environment could not be brought up to date; going on with what is there"
else
    die "the environment could not be made; what pip said stands above. Repeat the command to go on from here"
fi
