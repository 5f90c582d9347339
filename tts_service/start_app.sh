#!/usr/bin/env bash
# Starts the speech service with one command: checks the machine, makes the venv, installs what is needed, ends the old
# process of this service gently, starts the new one detached, and prints one line "READY http://…" once it answers.
# docs/tts-service.md tells the whole story.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi # called as "sh start_app.sh"
set -euo pipefail

usage() {
  cat <<'TEXT'
bash start_app.sh [--server_port 7860] [--host 0.0.0.0] [--device auto|cpu|cuda] [--low-memory]
                  [--engine bundled|indextts|auto]
                                     check, prepare, (re)start, wait (--port is the same as --server_port)
bash start_app.sh --prepare          check the machine and make the venv; prints "reused" or "built"
bash start_app.sh --stop             end this service on the port
bash start_app.sh --print-venv-key   print the venv's name

Environment
  TTS_SHARED         folder of cache_hub/ venvs/ run/ logs/ (default: shared/ beside releases/, else in the checkout)
  PYTHON             the Python to use, 3.11 or later
  TTS_ENGINE         the engine where --engine isn't given (bundled)
  TTS_VENV           a venv that has everything already; linked instead of building one
  TORCH_INDEX_URL    package index, or a folder of wheels, for torch alone (a CPU or CUDA build); PIP_* work as always
  TTS_START_TIMEOUT  seconds to wait for an answer (600)      TTS_STOP_TIMEOUT  seconds before KILL (20)
TEXT
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "ERROR: $*"
  exit 1
}

begun=$(date +%s.%N)
unset CDPATH # with it, cd says where it went, and may go elsewhere
here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
release=$(dirname -- "$here")
requirements=$here/requirements.txt
mode=start port=7860 host=0.0.0.0 device=auto low_memory= engine=

need() { [ "$2" -ge 2 ] || { say "ERROR: $1 needs a value"; exit 2; }; }
while [ $# -gt 0 ]; do
  case $1 in
    --prepare) mode=prepare ;;
    --stop) mode=stop ;;
    --print-venv-key) mode=key ;;
    --server_port | --port) need "$1" $#; port=$2; shift ;;
    --host) need "$1" $#; host=$2; shift ;;
    --device) need "$1" $#; device=$2; shift ;;
    --engine) need "$1" $#; engine=$2; shift ;;
    --engine=*) engine=${1#*=} ;;
    --low-memory) low_memory=--low-memory ;;
    --server_port=* | --port=*) port=${1#*=} ;;
    --host=*) host=${1#*=} ;;
    --device=*) device=${1#*=} ;;
    -h | --help) usage; exit 0 ;;
    *) say "ERROR: unknown argument: $1"; usage >&2; exit 2 ;;
  esac
  shift
done
[[ $port =~ ^0*[0-9]{1,5}$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || { say "ERROR: no port: $port"; exit 2; }
port=$((10#$port)) # "07860" is the same port, and the same lock
[[ $host =~ ^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$ ]] || { say "ERROR: no address to listen on: $host"; exit 2; }
case $device in auto | cpu | cuda) ;; *) say "ERROR: no device: $device (auto, cpu or cuda)"; exit 2 ;; esac
case $engine in '' | bundled | indextts | auto) ;; *) say "ERROR: no engine: $engine (bundled, indextts or auto)"; exit 2 ;; esac
for seconds in TTS_START_TIMEOUT TTS_STOP_TIMEOUT; do
  [[ ${!seconds:-0} =~ ^[0-9]+(\.[0-9]+)?$ ]] || { say "ERROR: $seconds is no number of seconds: ${!seconds}"; exit 2; }
done

if [ -n "${TTS_SHARED:-}" ]; then
  shared=$TTS_SHARED
elif [ "$(basename -- "$(dirname -- "$release")")" = releases ]; then
  shared=$(dirname -- "$(dirname -- "$release")")/shared
else
  shared=$release/shared
fi
mkdir -p -- "$shared/cache_hub" "$shared/venvs" "$shared/run" "$shared/logs" ||
  fail "can't write to $shared: check the rights of user $(id -un)"
shared=$(cd -- "$shared" && pwd -P)
export TTS_SHARED=$shared
[ -w "$shared/venvs" ] && [ -w "$shared/run" ] && [ -w "$shared/logs" ] && [ -w "$shared/cache_hub" ] ||
  fail "user $(id -un) may not write below $shared: chown it to this user"

# The first Python that is new enough.
python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
  if python=$("$candidate" -I -c 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))' 2>/dev/null); then
    break
  fi
  python=
done
[ -n "$python" ] || fail "Python 3.11 or later is needed (found: $(python3 --version 2>&1 || true)); install it or set PYTHON"

for file in "$requirements" "$here/webui.py" "$here/service_process.py"; do
  [ -r "$file" ] || fail "user $(id -un) can't read $file: the release is incomplete, or its rights are wrong"
done

venv_key() {
  "$python" -I - "$requirements" <<'PY'
import hashlib, pathlib, platform, sys
major, minor = sys.version_info[:2]
text = pathlib.Path(sys.argv[1]).read_bytes()
print(f"py{major}{minor}-" + hashlib.sha256(f"{platform.machine()}\n".encode() + text).hexdigest()[:16])
PY
}
key=$(venv_key)
venv=$shared/venvs/$key

process() {
  "$python" -I -X utf8 "$here/service_process.py" "$1" --shared "$shared" --port "$port" --host "$host" \
    --device "$device" ${low_memory:+"$low_memory"} ${engine:+--engine "$engine"} --start-timeout "${TTS_START_TIMEOUT:-600}" --stop-timeout "${TTS_STOP_TIMEOUT:-20}" "${@:2}"
}

check_disk() { # check_disk <MB needed> <for what>
  local blocks size free
  read -r blocks size < <(stat -f -c '%a %S' -- "$shared")
  free=$((blocks * size / 1048576))
  say "check: $free MB free below $shared"
  [ "$free" -ge "$1" ] || fail "only $free MB free below $shared, $1 MB are needed for $2"
}

gpu_problem= # why no GPU can be used, "" when one can
check_machine() {
  say "check: $("$python" --version 2>&1) at $python, user $(id -un)"
  local seen
  if ! command -v nvidia-smi >/dev/null 2>&1; then
    gpu_problem="there is no NVIDIA driver on this machine (no nvidia-smi); install the driver, or use --device cpu"
  elif ! seen=$(timeout 20 nvidia-smi --query-gpu=name,memory.total,memory.free,driver_version --format=csv,noheader 2>&1) ||
    [[ $seen != *,* ]]; then
    gpu_problem="nvidia-smi is there but does not work ($(head -n 1 <<<"${seen:-no answer in 20 s}")); "
    gpu_problem+="after an update of the driver a reboot helps, else load the module (modprobe nvidia) or use --device cpu"
  fi
  if [ -z "$gpu_problem" ]; then
    sed 's/^/check: GPU /' <<<"$seen" >&2
  elif [ "$device" = cuda ]; then
    fail "--device cuda needs an NVIDIA driver: $gpu_problem"
  elif [ "$device" = auto ]; then
    say "check: the service will use the CPU: $gpu_problem"
  fi
  process check-port
  say "check: port $port is free or ours"
}

# Which CUDA torch in the venv was built for: "12.8", "none" for a CPU build, "" when there is no torch. Not imported,
# that would take seconds.
torch_cuda() {
  "$venv/bin/python" -I - <<'PY'
import importlib.util, pathlib, re
spec = importlib.util.find_spec("torch")
if spec and spec.origin:
    text = (pathlib.Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    found = re.search(r"^cuda\b[^=]*=\s*['\"]?([0-9.]+|None)", text, re.MULTILINE)
    print(found[1].replace("None", "none") if found else "")
PY
}

# The driver must be able to run what torch was built for: with --device cuda that is a must, else worth a line.
check_torch() {
  [ "$device" != cpu ] && [ -z "$gpu_problem" ] || return 0
  local built able problem=
  built=$(torch_cuda) || built=
  able=$(timeout 20 nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9][0-9.]*\).*/\1/p' | head -n 1) || able=
  if [ "$built" = none ]; then
    problem="there is a GPU, but the torch in $venv is a build for the CPU"
  elif [ -n "$built" ] && [ -n "$able" ] && [ "${built%%.*}" -gt "${able%%.*}" ]; then
    problem="torch was built for CUDA $built, this driver can do CUDA $able: update the driver, or install an older build"
  else
    [ -z "$built" ] || say "check: torch for CUDA $built, the driver can do CUDA ${able:-?}"
    return 0
  fi
  problem+=" (to install another build: move $venv aside, set TORCH_INDEX_URL to that build's index, start again)"
  [ "$device" != cuda ] || fail "--device cuda: $problem"
  say "check: the service will use the CPU: $problem"
}

held= # the file descriptor of the lock
lock() { # lock <file>: waits, and says for what
  { exec {held}>>"$1"; } 2>/dev/null || fail "user $(id -un) can't write $1: who owns it?"
  flock -n "$held" || { say "another start_app.sh is at work ($1), waiting for it"; flock "$held"; }
}
unlock() { exec {held}>&-; }

# Tells whether a venv can serve: its Python runs, has the key's version, and every required package is there.
venv_serves() {
  [ -x "$1/bin/python" ] && "$1/bin/python" -I - "$requirements" "$key" <<'PY'
import importlib.metadata, pathlib, re, sys
wanted = sys.argv[2].partition("-")[0]
found = "py%d%d" % sys.version_info[:2]
if found != wanted:
    sys.exit(f"its Python is {found}, {wanted} is needed")
for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    name = re.match(r"[A-Za-z0-9._-]+", line.strip())
    if name:
        try:
            importlib.metadata.version(name[0])
        except importlib.metadata.PackageNotFoundError:
            sys.exit(f"it lacks {name[0]}")
PY
}

build_venv() { # beside its place, renamed when it is whole
  local part=$venv.part
  check_disk "${TTS_MIN_DISK_MB:-3000}" "the packages (a CUDA build of torch alone takes about 6000)"
  rm -rf -- "$part"
  "$python" -m venv "$part" >&2 ||
    fail "can't make a venv: on Debian and Ubuntu install python3-venv, as root: apt-get install python3-venv"
  local pip=("$part/bin/python" -m pip --disable-pip-version-check install --progress-bar off)
  local torch
  torch=$(grep -E '^torch[^a-z]' "$requirements" || true)
  if [ -n "${TORCH_INDEX_URL:-}" ] && [ -n "$torch" ]; then
    local from=(--index-url "$TORCH_INDEX_URL")
    [ ! -d "$TORCH_INDEX_URL" ] || from=(--no-index --find-links "$TORCH_INDEX_URL")
    "${pip[@]}" --no-deps "${from[@]}" "$torch" >&2 || fail "installing $torch from $TORCH_INDEX_URL failed, see above"
  fi
  "${pip[@]}" -r "$requirements" >&2 || fail "installing the packages failed, see above"
  mv -T -- "$part" "$venv"
}

prepare() { # prints reused or built
  lock "$shared/venvs/.lock"
  local why=
  if [ -e "$venv" ] || [ -L "$venv" ]; then
    if why=$(venv_serves "$venv" 2>&1); then
      say "venv: $venv"
      echo reused
      unlock
      return
    fi
    say "venv: $venv can't be used (${why:-its Python does not run}), it is made again"
    rm -rf -- "${venv:?}"
  fi
  if [ -n "${TTS_VENV:-}" ]; then
    why=$(venv_serves "$TTS_VENV" 2>&1) || fail "TTS_VENV=$TTS_VENV can't be used: ${why:-its Python does not run}"
    ln -s -- "$(cd -- "$TTS_VENV" && pwd -P)" "$venv"
    say "venv: $venv → $TTS_VENV"
    echo reused
  else
    build_venv
    say "venv: $venv"
    echo built
  fi
  unlock
}

case $mode in
  key)
    echo "$key"
    ;;
  stop)
    # No lock: a start that hangs holds it, and to end what that one started is what is wanted.
    process stop
    ;;
  prepare)
    check_disk 300 "logs and weights"
    check_machine
    prepare
    check_torch
    ;;
  start)
    check_disk 300 "logs and weights"
    check_machine
    prepare >&2
    check_torch
    # One start at a time on this port; the service itself does not inherit the lock.
    lock "$shared/run/webui-$port.lock"
    process start --begun "$begun" --python "$venv/bin/python" --program "$here/webui.py"
    ;;
esac
