"""Who listens on a TCP port of a host, read from /proc so that it works without `ss` or root."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PortHolder:
    """What listens on `port`. All but `port` and `uid` are None where the process belongs to another account.

    `name` is the process' short name, `folder` its working directory; its arguments are left out on purpose,
    they may hold secrets.
    """

    port: int
    uid: int
    user: str | None
    pid: int | None
    name: str | None
    folder: str | None


def port_program(port: int) -> str:
    """The body of the program whose output `parse_port_holder` reads; nothing is printed for a free port."""
    if not 1 <= port <= 65535:
        raise ValueError(f"not a TCP port: {port}")
    return f"""
for table in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$table" ] || continue
  while read -r slot local remote state queue timer retries uid timeout inode rest; do
    case $local,$state in *:{port:04X},0A) ;; *) continue;; esac
    pid=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v want="socket:[$inode]" '
      /^\\/proc\\// {{ split($0, part, "/"); pid = part[3] }}
      $NF == want {{ print pid; exit }}')
    printf '%s\\n%s\\n%s\\n' "$uid" "$(getent passwd "$uid" 2>/dev/null | cut -d: -f1)" "$pid"
    if [ -n "$pid" ]; then
      printf '%s\\n%s\\n' "$(cat "/proc/$pid/comm")" "$(readlink "/proc/$pid/cwd")"
    fi
    return 0
  done <"$table"
done
return 0
"""


def parse_port_holder(text: str, port: int) -> PortHolder | None:
    """Read the program's output; None: nothing listens there."""
    lines = [line.strip() for line in text.split("\n")] + [""] * 5
    if not lines[0].isdigit():
        return None
    pid = int(lines[2]) if lines[2].isdigit() else None
    return PortHolder(
        port=port,
        uid=int(lines[0]),
        user=lines[1] or None,
        pid=pid,
        name=(lines[3] or None) if pid else None,
        folder=(lines[4] or None) if pid else None,
    )
