"""Run one command for an SSH client, as sshd does: pipes to the channel, exit status at the end.

A client that goes away doesn't end the command; it only finds its pipes closed, like under sshd.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

import paramiko

_CHUNK = 32768
# How late the end of a command may be seen whose output somebody else still holds open.
_TICK_MS = 100
_SILENT_CLIENT_MS = 100


class Commands:
    """The commands that run now; `close` ends those still in the foreground, detached jobs live on."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self._home = home
        self._env = dict(env)
        self._lock = threading.Lock()
        self._running: dict[subprocess.Popen[bytes], threading.Thread] = {}

    def start(self, channel: paramiko.Channel, command: str) -> None:
        """Run `command` with `/bin/sh` in a thread of its own."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=self._home,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        thread = threading.Thread(target=self._serve, args=(channel, process), name="ssh-command", daemon=True)
        with self._lock:
            self._running[process] = thread
        thread.start()

    def close(self) -> None:
        """End the foreground commands and wait for their threads."""
        with self._lock:
            running = dict(self._running)
        for process, thread in running.items():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            thread.join()

    def _serve(self, channel: paramiko.Channel, process: subprocess.Popen[bytes]) -> None:
        try:
            _Pump(channel, process).run()
        finally:
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            process.wait()
            with self._lock:
                del self._running[process]


class _Pump:
    """Carries bytes both ways until the command has ended and its output is drained, or the client is gone."""

    def __init__(self, channel: paramiko.Channel, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._channel = channel
        self._process = process
        self._stdin = process.stdin.fileno()
        self._outputs = {
            process.stdout.fileno(): channel.sendall,
            process.stderr.fileno(): channel.sendall_stderr,
        }
        self._unwritten = b""
        self._poller = select.poll()
        self._reported = False

    def run(self) -> None:
        os.set_blocking(self._stdin, False)
        self._poller.register(self._channel.fileno(), select.POLLIN)
        # The library starts us before it has told the client "yes, runs": an end that came first would be taken
        # for a refusal. A client speaks again (input, or the end of it) when it has been told.
        self._poller.poll(_SILENT_CLIENT_MS)
        for descriptor in self._outputs:
            self._poller.register(descriptor, select.POLLIN)
        try:
            self._carry()
        except (OSError, EOFError, paramiko.SSHException):
            return  # the client closed its side; the command goes on without pipes
        finally:
            # The connection may be gone by now, and nobody to be told.
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.close()

    def _carry(self) -> None:
        from_client = self._channel.fileno()
        while self._outputs:
            for descriptor, _ in self._poller.poll(_TICK_MS):
                if descriptor == from_client:
                    self._from_client(from_client)
                elif descriptor == self._stdin:
                    self._to_stdin()
                else:
                    self._to_client(descriptor)
            if self._channel.closed:
                raise BrokenPipeError
            if self._process.poll() is not None:
                self._report()
        # Both outputs are closed: as a rule the command is just ending.
        self._process.wait()
        self._report()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            code = self._process.returncode
            self._channel.send_exit_status(128 - code if code < 0 else code)

    def _from_client(self, descriptor: int) -> None:
        if self._channel.recv_ready():
            self._unwritten += self._channel.recv(_CHUNK)
            self._poller.register(self._stdin, select.POLLOUT)
            # What can't be taken now waits in the channel's window.
            self._poller.unregister(descriptor)
        elif self._channel.eof_received:
            self._poller.unregister(descriptor)
            self._close_stdin()

    def _to_stdin(self) -> None:
        try:
            written = os.write(self._stdin, self._unwritten)
        except BrokenPipeError:
            self._unwritten = b""
            self._poller.unregister(self._stdin)
            return
        self._unwritten = self._unwritten[written:]
        if not self._unwritten:
            self._poller.unregister(self._stdin)
            self._poller.register(self._channel.fileno(), select.POLLIN)

    def _to_client(self, descriptor: int) -> None:
        data = os.read(descriptor, _CHUNK)
        if data:
            self._outputs[descriptor](data)
            return
        self._poller.unregister(descriptor)
        del self._outputs[descriptor]

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
