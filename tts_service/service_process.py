"""The service's process on a host: who holds the port, start, stop, wait until it answers.

A part of start_app.sh, run as a file by the host's own Python (3.11 or later, Linux): it imports the standard library
only. A process is ours when the pid file in ``run/`` names it *and* its start time, boot and command line agree, so
that a pid that went to somebody else is never touched.
"""

import argparse
import contextlib
import errno
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path

KEPT_LOGS = 5
TAIL_LINES = 60


@dataclass(frozen=True)
class Record:
    """What the pid file says: the process (pid, start time in clock ticks since boot, boot id) and what it serves."""

    pid: int
    ticks: int
    boot: str
    program: str
    host: str
    port: int
    device: str


def boot_id() -> str:
    """Names this boot of the machine; a pid from another boot is nobody."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Gives a process's start time in ticks since boot, None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid: int) -> list[str]:
    """Gives a process's arguments, empty when it is gone or not ours to read."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).removesuffix("\0").split("\0")
    except OSError:
        return []


def session_members(leader: int) -> list[int]:
    """Lists the living processes of the session that a process leads or led, its children's children too."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(state[3]) == leader and state[0] not in "ZX":
                found.append(int(process.name))
    return found


class Service:
    """The process behind one port, known by its pid file and log in the shared folder."""

    def __init__(self, shared: Path, port: int) -> None:
        self.port = port
        self.pid_file = shared / "run" / f"webui-{port}.pid"
        self.log = shared / "logs" / f"webui-{port}.log"

    def running(self) -> Record | None:
        """Gives the record of our process if it lives, else None."""
        try:
            raw = json.loads(self.pid_file.read_text(encoding="utf-8"))
            record = Record(**{field.name: raw[field.name] for field in fields(Record)})
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        same = record.boot == boot_id() and start_ticks(record.pid) == record.ticks
        return record if same and record.program in command_line(record.pid) else None

    def stop(self, patience: float) -> bool:
        """Ends our process and its children: TERM, after `patience` seconds KILL. False when none was running."""
        record = self.running()
        if record is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        say(f"ending the old process {record.pid} on port {record.port}")
        _signal(record.pid, signal.SIGTERM)
        if not _gone(record.pid, patience):
            say(f"process {record.pid} did not end within {patience:g} s: KILL")
            _kill(record.pid)
            if not _gone(record.pid, 10):
                raise SystemExit(f"ERROR: process {record.pid} can't be ended (stuck in the kernel?)")
        self.pid_file.unlink(missing_ok=True)
        return True

    def start(self, command: list[str], host: str, device: str) -> Record:
        """Starts the program detached, its output in the log; the log of the run before is kept as ``.1``.

        Raises OSError when the disk can't take log or pid file; nothing runs then.
        """
        self._rotate()
        program = command[1]
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
        environment |= {
            "PYTHONUNBUFFERED": "1",
            "PYTHONNOUSERSITE": "1",
            "PYTHONUTF8": "1",
            "NO_PROXY": _without_proxy(),
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=Path(program).parent.parent,
                env=environment,
            )
        record = Record(process.pid, start_ticks(process.pid) or 0, boot_id(), program, host, self.port, device)
        part = self.pid_file.with_suffix(".part")
        try:
            part.write_text(json.dumps(asdict(record)), encoding="utf-8")
            part.replace(self.pid_file)
        except OSError:
            _kill(process.pid)  # without a pid file nobody would find it again
            process.wait()
            raise
        say(f"started process {record.pid}, log {self.log}")
        return record

    def wait(self, record: Record, patience: float) -> None:
        """Waits until the process answers ``/healthz``; the pid file's time then tells when that was.

        Raises SystemExit with the log's tail when it dies, doesn't answer in time (it is ended then) or when somebody
        else answers on the port.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(record.pid, os.WNOHANG)
            if start_ticks(record.pid) != record.ticks:
                self.pid_file.unlink(missing_ok=True)
                raise SystemExit(self._failure("the service ended before it answered"))
            answer = health(url_of(record))
            if answer is not None:
                if answer.get("pid") not in (None, record.pid):
                    self.stop(5)
                    raise SystemExit(f"ERROR: another service answers on port {self.port} (pid {answer['pid']})")
                os.utime(self.pid_file)
                return
            time.sleep(0.2)
        self.stop(5)
        raise SystemExit(self._failure(f"the service did not answer within {patience:g} s"))

    def _failure(self, what: str) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        except OSError:
            lines = []
        return "\n".join([f"----- {self.log}", *lines, "-----", f"ERROR: {what}; its log is above"])

    def _rotate(self) -> None:
        for index in range(KEPT_LOGS, 0, -1):
            older = self.log.with_name(f"{self.log.name}.{index - 1}") if index > 1 else self.log
            if older.exists():
                older.replace(self.log.with_name(f"{self.log.name}.{index}"))


def say(line: str) -> None:
    """Tells how it goes, on stderr: stdout carries results alone."""
    print(line, file=sys.stderr, flush=True)


def url_of(record: Record) -> str:
    """Gives the address at which this machine reaches the service."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(record.host, record.host)  # noqa: S104
    return f"http://[{host}]:{record.port}" if ":" in host else f"http://{host}:{record.port}"


def health(url: str) -> dict[str, object] | None:
    """Asks ``/healthz``, past any proxy; None while nobody answers with JSON and status 200."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url + "/healthz", timeout=5) as reply:
            answer = json.loads(reply.read(65536))
    except (OSError, ValueError, urllib.error.URLError):
        return None
    return answer if isinstance(answer, dict) else None


def port_holder(host: str, port: int) -> str | None:
    """Tells who holds the port, in words; None when it is free. Raises SystemExit for an address that isn't ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise SystemExit(f"ERROR: no right to listen on port {port}: choose one above 1023") from error
            if error.errno != errno.EADDRINUSE:
                raise SystemExit(f"ERROR: can't listen on {host}: {error.strerror}") from error
        else:
            return None
    inodes = _listening(port)
    for pid in _owners(inodes.keys()):
        command = " ".join(command_line(pid)).strip() or "?"
        return f"process {pid} ({command[:160]})"
    users = sorted({_user(uid) for uid in inodes.values()})
    return f"a process of user {' or '.join(users)}" if users else "a process that this user may not see"


def _listening(port: int) -> dict[str, int]:
    """Gives the sockets that listen on a port, and the user id behind each, as everybody may see it."""
    inodes: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                    inodes[f"socket:[{columns[9]}]"] = int(columns[7])
    return inodes


def _owners(inodes: Collection[str]) -> list[int]:
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _signal(pid: int, number: signal.Signals) -> None:
    """Signals the process's whole group: it was started as the leader of its own session."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        owner = _user(Path(f"/proc/{pid}").stat().st_uid)
        raise SystemExit(
            f"ERROR: process {pid} belongs to user {owner}, {_user(os.getuid())} may not end it: call this as {owner}"
        ) from error


def _kill(leader: int) -> None:
    """Kills what is left of the session, wherever in it; its number belongs to nobody else as long as one lives."""
    for pid in session_members(leader):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _gone(leader: int, patience: float) -> bool:
    """Waits until nothing of the session is left: a child that lives on would keep port and GPU memory."""
    deadline = time.monotonic() + patience
    while session_members(leader):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _without_proxy() -> str:
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return ",".join(dict.fromkeys([*filter(None, named.split(",")), "127.0.0.1", "localhost"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="service_process.py")
    parser.add_argument("command", choices=("check-port", "start", "stop"))
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - what people expect of a WebUI
    parser.add_argument("--device", default="auto")
    parser.add_argument("--low-memory", action="store_true")
    parser.add_argument("--engine", default="")
    parser.add_argument("--python")
    parser.add_argument("--program")
    parser.add_argument("--begun", type=float, default=0.0, help="when start_app.sh was called, UNIX seconds")
    parser.add_argument("--start-timeout", type=float, default=600)
    parser.add_argument("--stop-timeout", type=float, default=20)
    return parser.parse_args()


def main() -> int:
    """Carries out one command of start_app.sh; what the system refuses ends in one line."""
    options = _arguments()
    try:
        return _run(options)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise SystemExit(
            f"ERROR: {place}{error.strerror or error}. Check rights and space of {options.shared}"
        ) from error
    except KeyboardInterrupt:
        say("interrupted; a service that was started goes on, --stop ends it")
        return 130


def _run(options: argparse.Namespace) -> int:
    service = Service(options.shared, options.port)
    if options.command == "stop":
        print("stopped" if service.stop(options.stop_timeout) else "not running")
        return 0

    old = service.running()
    if old is None:
        _check_port(options)
    if options.command == "check-port":
        return 0

    command = [options.python, options.program, "--server_port", str(options.port)]
    command += ["--host", options.host, "--device", options.device]
    command += ["--low-memory"] if options.low_memory else []
    command += ["--engine", options.engine] if options.engine else []
    if old and command_line(old.pid) == command and service.pid_file.stat().st_mtime >= options.begun:
        # It became ready after this call was made: whoever is impatient and calls twice wants one service, not two.
        say(f"process {old.pid} was started by a call at the same time")
        service.wait(old, options.start_timeout)
        print(f"READY {url_of(old)}")
        return 0
    if service.stop(options.stop_timeout):
        _check_port(options)
    record = service.start(command, options.host, options.device)
    service.wait(record, options.start_timeout)
    print(f"READY {url_of(record)}")
    return 0


def _check_port(options: argparse.Namespace) -> None:
    if holder := port_holder(options.host, options.port):
        raise SystemExit(
            f"ERROR: port {options.port} is taken by {holder}, which is not this service: "
            "end it, or choose another port with --server_port"
        )


if __name__ == "__main__":
    raise SystemExit(main())
