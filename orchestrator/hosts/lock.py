"""The lock of a host: one run at a time, with a number that only grows.

On the host, under `~/.zentao-deploy/`: `lock` (there is a holder, and who it is), `generation` (the number and the
run it was given to, or `broken` and the run that it was taken from), `mutex` (an empty file under `flock`, for the
moment of a change only: the kernel lets go of it when a program dies). Every lease gets a higher number, and so does
breaking a lock; a run that comes with a lower number than the host's is refused (`StaleGeneration`), so one that was
away for too long can't do harm.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType

from orchestrator.hosts.shell import BASE, checked_id, quote

MUTEX_WAIT = 20

ENTER = f"""
umask_before=$(umask); umask 077
base={BASE}
for tool in flock setsid; do
  command -v $tool >/dev/null || {{ echo "$tool is not installed (package util-linux)" >&2; exit 3; }}
done
LC_ALL=C mkdir -p "$base/jobs" || exit 3
exec 9>>"$base/mutex" || exit 3
flock -w {MUTEX_WAIT} 9 || {{ echo "the mutex is taken" >&2; exit 3; }}
current=0 owner=
[ ! -e "$base/generation" ] || read -r current owner <"$base/generation"
case $current in ''|*[!0-9]*) echo "unreadable: $base/generation" >&2; exit 3;; esac
run= since= holder=
[ ! -e "$base/lock" ] || {{ read -r run since; read -r holder; }} <"$base/lock"
bump() {{
  current=$((current + 1))
  printf '%s %s\\n' "$current" "$1" >"$base/generation.part" && mv "$base/generation.part" "$base/generation" || exit 3
}}
"""
"""The head of every program that reads or changes the lock: enters the mutex, reads what stands."""


@dataclass(frozen=True)
class LockHolder:
    """Who holds a host: its run, its own words about itself (untrusted), since when, by the host's clock."""

    run_id: str
    holder: str
    since: datetime


@dataclass(frozen=True)
class Lease:
    """The right to work on a host. `generation` goes into every job. As a context manager it unlocks at the end."""

    host: str
    run_id: str
    holder: str
    generation: int
    release: Callable[[Lease], object] | None = field(default=None, compare=False, repr=False)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.release is not None:
            self.release(self)


def lock_program(holder: str, run_id: str) -> str:
    """Take the lock for `run_id`; prints `held <generation>`, or `busy <run> <since> <holder>`."""
    run = quote(checked_id(run_id, "run id"))
    return f"""{ENTER}
if [ -n "$run" ]; then
  [ "$run" = {run} ] || {{ echo "busy $run $since $holder"; return 0; }}
  [ "$owner" != {run} ] || {{ echo "held $current"; return 0; }}
fi
bump {run}
printf '%s %s\\n%s\\n' {run} "$(date +%s)" {_encode(holder)} >"$base/lock.part" || exit 3
mv "$base/lock.part" "$base/lock" || exit 3
echo "held $current"
"""


def unlock_program(run_id: str) -> str:
    """Give the lock of `run_id` back; prints `released`, or `other` where it holds none."""
    run = quote(checked_id(run_id, "run id"))
    return f"""{ENTER}
[ "$run" = {run} ] || {{ echo other; return 0; }}
rm -f "$base/lock" && echo released
"""


def break_program(run_id: str) -> str:
    """Take the lock from `run_id`, whatever it is doing; prints `released`, or `other` where it holds none.

    The generation remembers from whom: whoever asks again, because the first answer was lost, is told the same.
    """
    run = quote(checked_id(run_id, "run id"))
    return f"""{ENTER}
[ -n "$run" ] || [ "$owner" != "broken "{run} ] || {{ echo released; return 0; }}
[ "$run" = {run} ] || {{ echo other; return 0; }}
bump "broken "{run}
rm -f "$base/lock" && echo released
"""


def holder_program() -> str:
    """Who holds the lock; prints `busy <run> <since> <holder>`, or `free`."""
    return f"""{ENTER}
if [ -n "$run" ]; then echo "busy $run $since $holder"; else echo free; fi
"""


def parse_holder(answer: str) -> LockHolder:
    """Read `busy <run> <since> <holder>`; whatever stands there, it becomes plain short text."""
    words = [*answer.split(" "), "", "", ""]
    since = int(words[2]) if words[2].isascii() and words[2].isdigit() and len(words[2]) < 12 else 0
    return LockHolder(run_id=_plain(words[1])[:128], holder=_decode(words[3]), since=datetime.fromtimestamp(since, UTC))


def _encode(holder: str) -> str:
    return base64.b64encode(holder.encode("utf-8", "replace")[:3000]).decode()


def _decode(text: str) -> str:
    try:
        return _plain(base64.b64decode(text, validate=True).decode("utf-8", "replace")) or "unknown"
    except (binascii.Error, ValueError):
        return "unknown"


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
