"""Getting in, and what is said when that fails."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from orchestrator.hosts import (
    Completed,
    Host,
    HostAuthFailed,
    HostDenied,
    HostError,
    HostKeyMismatch,
    HostTimeout,
    HostUnreachable,
    Job,
    Limits,
)
from orchestrator.inventory import HostEntry
from tests.hosts.conftest import Place, entry_of, eventually, pool_of
from tests.hosts.proxy import Proxy, proxy_to
from tests.support.sshd import make_key, running_sshd

HASTY = Limits(connect=0.6, banner=0.6, auth=0.6, channel=0.6)


def refusal(entry: HostEntry, tmp_path: Path, kind: type[HostError], limits: Limits | None = None) -> HostError:
    with pool_of(entry, tmp_path, limits) as pool, pytest.raises(HostError) as refused:
        pool.host("gpu-01").run("true")
    assert type(refused.value) is kind, repr(refused.value)
    assert str(refused.value).startswith("gpu-01: ")
    return refused.value


def test_a_host_that_shows_another_key_is_refused(place: Place, tmp_path: Path) -> None:
    entry = entry_of(place, tmp_path)
    make_key(tmp_path / "other")
    other = (tmp_path / "other.pub").read_text()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{place.port} {other}")
    error = refusal(entry, tmp_path, HostKeyMismatch)
    assert "another host key than the known one (SHA256:" in error.message


@pytest.mark.parametrize("content", ["", None, "# nothing\n"])
def test_a_host_whose_key_nobody_knows_is_refused_with_its_fingerprint(
    place: Place, tmp_path: Path, content: str | None
) -> None:
    entry = entry_of(place, tmp_path)
    if content is None:
        (tmp_path / "known_hosts").unlink()
    else:
        (tmp_path / "known_hosts").write_text(content)
    error = refusal(entry, tmp_path, HostKeyMismatch)
    assert "SHA256:" in error.message
    assert "not in known_hosts" in error.message


def test_lines_of_known_hosts_that_can_not_be_read_count_for_nothing(place: Place, tmp_path: Path) -> None:
    entry = entry_of(place, tmp_path)
    strange = "[127.0.0.1]:1 ssh-ed25519 garbage\n@cert-authority * ssh-ed25519 AAAA\nx\n\xff \xff \xff\n"
    (tmp_path / "known_hosts").write_bytes(strange.encode("latin-1") + place.host_key_line.encode())
    with pool_of(entry, tmp_path) as pool:
        assert pool.host("gpu-01").run("true").ok


def test_without_a_file_of_its_own_the_daemons_known_hosts_counts(place: Place, tmp_path: Path) -> None:
    entry = entry_of(place, tmp_path, known_hosts=None)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "known_hosts").write_text(place.host_key_line)
    with pool_of(entry, tmp_path) as pool:
        assert pool.host("gpu-01").run("true").ok


def test_a_host_that_refuses_our_key_is_told_as_such(place: Place, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    error = refusal(entry_of(place, tmp_path, identity_file=tmp_path / "stranger"), tmp_path, HostAuthFailed)
    assert f"refuses the key of account {place.user}" in error.message


def write_encrypted(path: Path) -> None:
    encryption = BestAvailableEncryption(b"secret")
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("not a key"), "is not a private key"),
        (write_encrypted, "passphrase"),
    ],
    ids=["missing", "garbage", "encrypted"],
)
def test_a_key_file_that_can_not_be_used_is_named(
    place: Place, tmp_path: Path, prepare: Callable[[Path], None], words: str
) -> None:
    key = tmp_path / "key"
    prepare(key)
    error = refusal(entry_of(place, tmp_path, identity_file=key), tmp_path, HostAuthFailed)
    assert str(key) in error.message
    assert words in error.message


def test_a_port_where_nothing_listens_is_unreachable(place: Place, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    error = refusal(entry_of(place, tmp_path, port=port), tmp_path, HostUnreachable)
    assert error.message == f"nothing listens on 127.0.0.1:{port}"


def test_an_address_that_does_not_exist_is_unreachable(place: Place, tmp_path: Path) -> None:
    error = refusal(entry_of(place, tmp_path, address="no-such-host.invalid"), tmp_path, HostUnreachable)
    assert "no-such-host.invalid" in error.message


def test_something_else_than_ssh_is_unreachable(place: Place, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        entry = entry_of(place, tmp_path, port=sock.getsockname()[1])
        with pool_of(entry, tmp_path, HASTY) as pool, pytest.raises((HostUnreachable, HostTimeout)):
            pool.host("gpu-01").run("true")


def test_a_port_that_accepts_and_says_nothing_does_not_hang_the_caller(place: Place, tmp_path: Path) -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        error = refusal(entry_of(place, tmp_path, port=sock.getsockname()[1]), tmp_path, HostTimeout, HASTY)
    assert "does not answer" in error.message
    assert time.monotonic() - began < 5


def through(proxy: Proxy, place: Place, tmp_path: Path) -> HostEntry:
    entry = entry_of(place, tmp_path, port=proxy.port)
    (tmp_path / "known_hosts").write_text(place.host_key_line.replace(f":{place.port} ", f":{proxy.port} "))
    return entry


ACTIONS: dict[str, Callable[[Host, Path], object]] = {
    "run": lambda host, home: host.run("echo", timeout=0.8),
    "big input": lambda host, home: host.run("cat >/dev/null", stdin=b"x" * 9_000_000, timeout=0.8),
    "put": lambda host, home: host.put(b"x" * 9_000_000, str(home / "file"), timeout=0.8),
}


# The bytes let through before the silence are chosen so that it falls on: opening the session, the answer to
# "run this", the middle of the input, the answer to "start SFTP", the middle of the upload.
@pytest.mark.parametrize(
    ("action", "more"), [("run", 0), ("run", 120), ("big input", 3_000_000), ("put", 120), ("put", 3_000_000)]
)
def test_a_host_that_falls_silent_at_any_point_does_not_hang_the_caller(
    place: Place, tmp_path: Path, action: str, more: int
) -> None:
    with proxy_to(place.port) as proxy, pool_of(through(proxy, place, tmp_path), tmp_path, HASTY) as pool:
        host = pool.host("gpu-01")
        host.run("true")
        proxy.silent_after = proxy.passed + more
        began = time.monotonic()
        try:
            answer = ACTIONS[action](host, place.home)
        except (HostTimeout, HostUnreachable):
            pass
        else:
            # Where the connection broke first, "unknown" is the answer; it never looks like success.
            assert isinstance(answer, Completed)
            assert answer.exit_code is None
        assert time.monotonic() - began < 9
        proxy.silent_after = None
        assert host.run("echo back", timeout=5).stdout == "back\n"


def test_a_job_whose_start_was_never_answered_is_not_started_twice(place: Place, tmp_path: Path) -> None:
    started: list[Job] = []
    script = 'echo ran >>"$HOME/count"; sleep 1 #' + "x" * 300_000
    with proxy_to(place.port) as proxy, pool_of(through(proxy, place, tmp_path), tmp_path) as pool:
        jobs = pool.host("gpu-01").jobs
        assert jobs.poll("job").state == "missing"
        proxy.mute_after = proxy.passed + 100_000
        thread = threading.Thread(
            target=lambda: started.append(jobs.start("job", script, env={}, generation=0)), daemon=True
        )
        thread.start()
        eventually((place.home / "count").exists)
        proxy.mute_after = None
        proxy.cut()
        thread.join(20)
        assert [job.reattached for job in started] == [True]
        assert jobs.wait("job", 20).ok
    assert (place.home / "count").read_text() == "ran\n"


def test_the_log_of_a_job_goes_on_after_the_host_was_silent(place: Place, tmp_path: Path) -> None:
    with proxy_to(place.port) as proxy, pool_of(through(proxy, place, tmp_path), tmp_path, HASTY) as pool:
        host = pool.host("gpu-01")
        host.jobs.start("job", 'while [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo end', env={}, generation=0)
        proxy.silent_after = proxy.passed
        with pytest.raises((HostTimeout, HostUnreachable)):
            host.jobs.wait("job", 60, patience=0.5)
        proxy.silent_after = None
        (place.home / "go").touch()
        assert host.jobs.wait("job", 60).log_tail == "end\n"


def test_an_idle_connection_that_was_cut_is_replaced_unseen(place: Place, host: Host) -> None:
    for _ in range(3):
        assert host.run("echo").ok
        place.cut()


def test_one_connection_serves_many_commands(place: Place, tmp_path: Path) -> None:
    with proxy_to(place.port) as proxy, pool_of(through(proxy, place, tmp_path), tmp_path) as pool:
        for _ in range(20):
            assert pool.host("gpu-01").run("true").ok
        assert len(proxy._sockets) == 3


def test_a_host_that_allows_only_two_sessions_serves_all_threads(tmp_path: Path) -> None:
    with (
        running_sshd(tmp_path / "sshd", tmp_path / "home", extra="MaxSessions 2\n") as strict,
        pool_of(entry_of(strict, tmp_path), tmp_path) as pool,
        ThreadPoolExecutor(12) as threads,
    ):
        host = pool.host("gpu-01")
        answers = threads.map(lambda number: host.run(f"sleep 0.1; echo {number}").stdout, range(24))
        assert list(answers) == [f"{number}\n" for number in range(24)]


def test_a_host_that_allows_no_session_is_told_as_such(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", tmp_path / "home", extra="MaxSessions 0\n") as strict:
        assert "refuses to open a session" in refusal(entry_of(strict, tmp_path), tmp_path, HostDenied).message


def test_a_closed_pool_says_so(place: Place, tmp_path: Path) -> None:
    pool = pool_of(entry_of(place, tmp_path), tmp_path)
    host = pool.host("gpu-01")
    assert host.run("true").ok
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        host.run("true")
    with pytest.raises(RuntimeError, match="closed"):
        pool.host("gpu-01")
