"""The shell programs behind a detached job. Pure builders; `jobs.py` sends them and reads their answers.

A job is a folder `~/.zentao-deploy/jobs/<id>/`:

    script, env   what runs, and the values it gets (readable by the account alone)
    run           our runner, the leader of the job's own session and process group
    pid           `<pid> <boot id> <start time> <uptime>` of the runner; made by an atomic link, so at most one
                  runner ever gets past it: this file *is* the start of the job
    log           what the script writes to its two outputs
    dropped       `<from> <to>`: these bytes of a log that grew too long are gone; they read as zeros and take no disk
    output        `name=value` lines for later steps ($ZD_OUTPUT)
    exit          `<exit code> <uptime>`; its blocks are reserved at the start, a full disk can't lose it
    generation    the lease it was started under
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.hosts.lock import ENTER
from orchestrator.hosts.shell import BASE, checked_id, exports, quote

RESERVED = frozenset({"ZD_OUTPUT", "ZD_JOB"})

LOG_HEAD = 32 * 1024 * 1024
"""So many bytes of a log's beginning stay on the host's disk …"""
LOG_TAIL = 16 * 1024 * 1024
"""… and so many at least of its end, at most twice as many and what is written in a second."""

RUNNER = r"""# Runs one job. Arguments: its folder, its script's umask, how many bytes of its log's head and tail stay.
head=$3 tail=$4
stat=$(cat /proc/$$/stat) || exit 1
set -- "$1" "$2" ${stat##*) }
read -r boot </proc/sys/kernel/random/boot_id
read -r now rest </proc/uptime
printf '%s %s %s %s\n' $$ "$boot" "${22}" "$now" >"$1/pid.$$" || exit 1
ln "$1/pid.$$" "$1/pid" 2>/dev/null
taken=$?
rm -f "$1/pid.$$"
[ $taken = 0 ] || { echo again; exit 0; }
printf '%-40s\n' '' >"$1/exit.part"
echo started
exec >/dev/null
# A hole in the middle keeps the log one file: whoever appends to it and whoever reads it by offset notices nothing.
trim() {
  from=$head
  [ ! -e "$1/dropped" ] || read -r before from <"$1/dropped"
  size=$(wc -c <"$1/log")
  [ $((size - from)) -gt $((2 * tail)) ] || return 0
  to=$((size - tail))
  # Told before it is done, so that nobody reads zeros; taken back where the file system has no holes.
  echo "$head $to" >"$1/dropped.part" && mv "$1/dropped.part" "$1/dropped" || return 0
  fallocate -p -o "$from" -l $((to - from)) "$1/log" && return 0
  rm -f "$1/dropped"
  [ "$from" = "$head" ] || echo "$head $from" >"$1/dropped"
  return 1
}
(while sleep 1 && kill -0 $$ && trim "$1"; do :; done) 2>/dev/null &
watch=$!
umask "$2"
cd "$HOME" || cd /
(
  . "$1/env"
  ZD_OUTPUT=$1/output ZD_JOB=${1##*/}
  export ZD_OUTPUT ZD_JOB
  exec /bin/sh "$1/script"
) >>"$1/log" 2>&1
code=$?
umask 077
kill $watch 2>/dev/null
wait $watch 2>/dev/null
trim "$1" 2>/dev/null
if [ -e "$1/dropped" ]; then
  read -r from to <"$1/dropped"
  fallocate -p -o "$from" -l $((to - from)) "$1/log" 2>/dev/null  # the watcher may have been ended before it did
  printf '\n[... this log grew too long: %s bytes in its middle were not kept ...]\n' $((to - from)) >>"$1/log"
fi
read -r now rest </proc/uptime
printf '%-40s\n' "$code $now" 1<>"$1/exit.part" && mv "$1/exit.part" "$1/exit"
"""

_READ_PID = r"""
pid=0 boot=- start=0 begun=0
[ ! -e "$dir/pid" ] || read -r pid boot start begun <"$dir/pid"
read -r this_boot </proc/sys/kernel/random/boot_id
inspect() {
  life= born=
  { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
  set -- ${stat##*) }
  life=$1 born=${20}
}
leads() {
  [ "$pid" != 0 ] && [ "$boot" = "$this_boot" ] || return 1
  inspect
  [ "$born" = "$start" ] && [ "$life" != Z ] && [ "$life" != X ]
}
"""


def start_program(job_id: str, script: str, env: Mapping[str, str], generation: int) -> str:
    """Start the job once; prints `started`, `again` (it was started before), or `stale <current generation>`."""
    taken = RESERVED.intersection(env)
    if taken:
        raise ValueError(f"reserved environment variable: {', '.join(sorted(taken))}")
    return f"""{ENTER}
dir="$base/jobs/"{quote(checked_id(job_id))}
[ {int(generation)} -ge "$current" ] || {{ echo "stale $current"; return 0; }}
[ ! -e "$dir/pid" ] || {{ echo again; return 0; }}
LC_ALL=C mkdir -p "$dir" || exit 3
printf '%s' {quote(script)} >"$dir/script" || exit 3
printf '%s' {quote(exports(env))} >"$dir/env" || exit 3
printf '%s' {quote(RUNNER)} >"$dir/run" || exit 3
echo {int(generation)} >"$dir/generation" && : >"$dir/log" && : >"$dir/output" || exit 3
answer=$(setsid /bin/sh "$dir/run" "$dir" "$umask_before" {LOG_HEAD} {LOG_TAIL} </dev/null 2>/dev/null 9>&- &)
[ -n "$answer" ] && echo "$answer" || exit 3
"""


def poll_program(job_id: str, offset: int, limit: int) -> str:
    """Print `<state> <exit code or -> <begun> <until> <log size> <from>`, then up to `limit` bytes of the log.

    The bytes begin at `from`: at `offset`, or behind what was dropped of the log's middle.
    """
    return f"""{_dir(job_id)}
[ -d "$dir" ] || {{ echo "missing - 0 0 0 {int(offset)}"; return 0; }}
{_READ_PID}
code=- until=
if [ -e "$dir/exit" ]; then state=exited
elif [ "$pid" = 0 ] && [ "$boot" = - ]; then state=missing
elif leads; then state=running
elif [ -e "$dir/exit" ]; then state=exited
else state=killed
fi
[ $state != exited ] || read -r code until <"$dir/exit"
[ -n "$until" ] || read -r until rest </proc/uptime
[ "$boot" = "$this_boot" ] || [ $state = exited ] || until=$begun
size=0
[ ! -e "$dir/log" ] || size=$(wc -c <"$dir/log")
from={int(offset)} limit={int(limit)}
if [ -e "$dir/dropped" ]; then
  read -r gap end <"$dir/dropped"
  # The last bytes before the gap may be a part of a character, for which a reader would wait for ever.
  if [ $from -gt $((gap - 4)) ] && [ $from -lt "$end" ]; then from=$end
  elif [ $from -lt "$gap" ] && [ $((gap - from)) -lt $limit ]; then limit=$((gap - from))
  fi
fi
echo "$state $code $begun $until" $size $from
[ "$size" -le $from ] || tail -c +$((from + 1)) "$dir/log" | head -c $limit
"""


def outputs_program(job_id: str, limit: int) -> str:
    """Print the beginning of the job's output file."""
    return f"""{_dir(job_id)}
[ ! -e "$dir/output" ] || head -c {int(limit)} "$dir/output"
"""


def cancel_program(job_id: str, grace: float) -> str:
    """End the job's process group, TERM first, KILL after `grace` seconds; a job not begun never begins.

    Prints `never`, `exited`, `gone` (dead before), `ended`, or `stuck`.
    """
    return f"""
umask 077
{_dir(job_id)}
if [ ! -e "$dir/pid" ]; then
  LC_ALL=C mkdir -p "$dir" && echo "0 cancelled 0 0" >"$dir/pid.cancel" || exit 3
  if ln "$dir/pid.cancel" "$dir/pid" 2>/dev/null; then rm -f "$dir/pid.cancel"; echo never; return 0; fi
  rm -f "$dir/pid.cancel"
fi
{_READ_PID}
[ ! -e "$dir/exit" ] || {{ echo exited; return 0; }}
[ "$pid" != 0 ] && [ "$boot" = "$this_boot" ] || {{ echo gone; return 0; }}
# Somebody else's process with our leader's number means that our whole group is long gone.
inspect
[ -z "$born" ] || [ "$born" = "$start" ] || {{ echo gone; return 0; }}
members() {{
  kill -s 0 -- "-$pid" 2>/dev/null || return 1
  for file in /proc/[0-9]*/stat; do
    {{ read -r stat <"$file"; }} 2>/dev/null || continue
    set -- ${{stat##*) }}
    [ "$3" = "$pid" ] && [ "$1" != Z ] && [ "$1" != X ] && return 0
  done
  return 1
}}
members || {{ echo gone; return 0; }}
for signal in TERM KILL; do
  kill -s $signal -- "-$pid" 2>/dev/null
  left={max(1, int(grace * 20))}
  while members; do
    left=$((left - 1)); [ $left -gt 0 ] || break
    sleep 0.05
  done
  members || {{ echo ended; return 0; }}
done
echo stuck
"""


def older_program(job_id: str, path: str) -> str:
    """Whether the file `path` was last changed before the job was started; prints `older` or `newer`."""
    script = f"{BASE}/jobs/{quote(checked_id(job_id))}/script"
    return f"if [ {quote(path)} -ot {script} ]; then echo older; else echo newer; fi"


def running_program() -> str:
    """Print the id of every job whose runner lives, one per line."""
    return f"""
for dir in {BASE}/jobs/*/; do
  dir=${{dir%/}}
  [ -e "$dir/pid" ] && [ ! -e "$dir/exit" ] || continue
{_READ_PID}
  leads && echo "${{dir##*/}}"
done
return 0
"""


def remove_program(run_id: str) -> str:
    """Remove the folders of a run's jobs; prints what stands against it: `held`, or the ids of those that run."""
    run = quote(checked_id(run_id, "run id"))
    return f"""{ENTER}
[ "$run" != {run} ] || {{ echo held; return 0; }}
for dir in {BASE}/jobs/{run}-*/; do
  dir=${{dir%/}}
  [ -d "$dir" ] && [ ! -L "$dir" ] || continue
{_READ_PID}
  if [ ! -e "$dir/exit" ] && leads; then echo "${{dir##*/}}"; continue; fi
  rm -rf -- "$dir" || return 3
done
"""


def _dir(job_id: str) -> str:
    return f"dir={BASE}/jobs/{quote(checked_id(job_id))}"
