"""What a host is like, asked in one round trip and read by a pure function."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.hosts.shell import quote

_TOOLS = (
    "git", "setsid", "flock", "python3", "tar", "curl", "ss", "timeout", "nvidia-smi", "ffmpeg",
)  # fmt: skip
_PYTHONS = ("python3", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
_GPU_QUERY = "index,name,memory.total,memory.used,utilization.gpu,driver_version"


@dataclass(frozen=True)
class PythonFact:
    """An interpreter: the command, its version `3.11.7`, and whether it can make virtual environments."""

    command: str
    version: str
    can_make_venv: bool


@dataclass(frozen=True)
class GpuFact:
    """One row of `nvidia-smi`; memory in MiB, utilisation in percent; None where the driver doesn't say."""

    index: int
    name: str
    memory_total: int | None
    memory_used: int | None
    utilization: int | None
    driver: str


@dataclass(frozen=True)
class HostFacts:
    """A host at one moment. Sizes are bytes, loads are processes, times are seconds; text is the host's own.

    `root` is the deployment folder with `~` resolved; `disk_free` is that of the file system it is (or will be)
    on; `root_writable` is whether we may write there, or create it. `clock_skew` is the host's clock minus ours
    (positive: the host is ahead), good to half a round trip. None: the host didn't tell.
    """

    user: str
    uid: int
    home: str
    hostname: str
    os: str
    kernel: str
    arch: str
    boot_id: str
    cpus: int
    load: tuple[float, float, float] | None
    memory_total: int | None
    memory_available: int | None
    root: str
    root_exists: bool
    root_writable: bool
    disk_total: int | None
    disk_free: int | None
    clock_skew: float | None
    git: str | None
    pythons: tuple[PythonFact, ...]
    gpus: tuple[GpuFact, ...]
    tools: frozenset[str]


def facts_program(root: str, python: str | None) -> str:
    """The body of the program whose output `parse_facts` reads: lines `key<TAB>value`."""
    pythons = " ".join(quote(command) for command in dict.fromkeys((*([python] if python else []), *_PYTHONS)))
    return f"""
LC_ALL=C; export LC_ALL
fact() {{ printf '%s\\t%s\\n' "$1" "$2"; }}
fact now "$(date +%s.%N)"
fact user "$(id -un)"
fact uid "$(id -u)"
fact home "$HOME"
fact hostname "$(uname -n)"
fact kernel "$(uname -sr)"
fact arch "$(uname -m)"
fact os "$( (. /etc/os-release && printf %s "$PRETTY_NAME") 2>/dev/null )"
fact boot_id "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
fact cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null)"
fact load "$(cat /proc/loadavg 2>/dev/null)"
while read -r key kib rest; do
  case $key in MemTotal:|MemAvailable:) fact "$key" "$kib";; esac
done 2>/dev/null </proc/meminfo
root={quote(root)}
case $root in '~') root=$HOME;; '~/'*) root=$HOME/${{root#'~/'}};; esac
fact root "$root"
[ -d "$root" ] && fact root_exists yes
near=$root
while [ ! -e "$near" ]; do near=$(dirname -- "$near"); done
[ -d "$near" ] && [ -w "$near" ] && [ -x "$near" ] && fact root_writable yes
fact disk "$(df -Pk -- "$near" 2>/dev/null | tail -n 1)"
for tool in {" ".join(_TOOLS)}; do
  command -v "$tool" >/dev/null && fact tool "$tool"
done
command -v git >/dev/null && fact git "$(git --version)"
for python in {pythons}; do
  command -v "$python" >/dev/null || continue
  version=$("$python" -E -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
  venv=no; "$python" -E -S -c 'import ensurepip, venv' 2>/dev/null && venv=yes
  fact python "$version $venv $python"
done
if command -v nvidia-smi >/dev/null; then
  limit=; command -v timeout >/dev/null && limit='timeout 10'
  $limit nvidia-smi --query-gpu={_GPU_QUERY} --format=csv,noheader,nounits 2>/dev/null |
    while IFS= read -r row; do fact gpu "$row"; done
fi
fact end yes
"""


def parse_facts(text: str, *, asked_at: float, answered_at: float) -> HostFacts:
    """Read the program's output; the two times are ours (Unix seconds). ValueError where it isn't whole.

    >>> parse_facts("user\\tdeploy\\n", asked_at=0.0, answered_at=0.0)
    Traceback (most recent call last):
    ValueError: the host's facts broke off
    """
    rows = [line.split("\t", 1) for line in text.split("\n") if "\t" in line]
    last = {key: value.strip() for key, value in rows}
    if last.get("end") != "yes":
        raise ValueError("the host's facts broke off")
    now = _number(last.get("now", ""))
    loads = [_number(word) for word in last.get("load", "").split()[:3]]
    disk = parse_df(last.get("disk", ""))
    git = last.get("git", "").split()
    return HostFacts(
        user=last.get("user", ""),
        uid=_whole(last.get("uid", "")) or 0,
        home=last.get("home", ""),
        hostname=last.get("hostname", ""),
        os=last.get("os", ""),
        kernel=last.get("kernel", ""),
        arch=last.get("arch", ""),
        boot_id=last.get("boot_id", ""),
        cpus=_whole(last.get("cpus", "")) or 1,
        load=(loads[0], loads[1], loads[2]) if len(loads) == 3 and None not in loads else None,  # type: ignore[arg-type]
        memory_total=_kib(last.get("MemTotal:", "")),
        memory_available=_kib(last.get("MemAvailable:", "")),
        root=last.get("root", ""),
        root_exists=last.get("root_exists") == "yes",
        root_writable=last.get("root_writable") == "yes",
        disk_total=None if disk is None else disk[0] * 1024,
        disk_free=None if disk is None else disk[1] * 1024,
        clock_skew=None if now is None else round(now - (asked_at + answered_at) / 2, 3),
        git=git[2] if len(git) >= 3 else None,
        pythons=tuple(_pythons(value for key, value in rows if key == "python")),
        gpus=tuple(_gpus(value for key, value in rows if key == "gpu")),
        tools=frozenset(value for key, value in rows if key == "tool"),
    )


def parse_df(line: str) -> tuple[int, int] | None:
    """Total and free of a line of `df -P`, in its units; device and mount point may hold spaces.

    >>> parse_df("/dev/sda1 1000 400 600 40% /mnt/my disk")
    (1000, 600)
    """
    found = re.search(r"\s(\d{1,18})\s+\d+\s+(\d{1,18})\s+(?:\d+%|-)\s+/", line)
    return (int(found.group(1)), int(found.group(2))) if found else None


def _pythons(values: Iterable[str]) -> Iterable[PythonFact]:
    for value in values:
        words = value.split(" ", 2)
        if len(words) == 3:
            yield PythonFact(command=words[2], version=words[0], can_make_venv=words[1] == "yes")


def _gpus(values: Iterable[str]) -> Iterable[GpuFact]:
    for value in values:
        cells = [cell.strip() for cell in value.split(",")]
        index = _whole(cells[0])
        if len(cells) == 6 and index is not None:
            total, used, busy = (_whole(cell) for cell in cells[2:5])
            yield GpuFact(index, cells[1], total, used, busy, cells[5])


def _number(text: str) -> float | None:
    # BusyBox has no %N: "1700000000.%N" still tells the seconds.
    try:
        value = float(text.removesuffix(".%N").removesuffix(".N"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _kib(text: str) -> int | None:
    kib = _whole(text)
    return None if kib is None else kib * 1024
