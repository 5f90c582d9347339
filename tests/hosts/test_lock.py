"""One run at a time on a host, with a number that only grows."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.hosts import Host, HostBusy, HostDenied, HostError, HostPool, StaleGeneration
from orchestrator.hosts.lock import parse_holder
from tests.hosts.conftest import Place, entry_of, pool_of


def test_a_taken_host_names_its_holder_and_since_when(host: Host) -> None:
    host.lock("守护进程 a\n\x1b[31m on build-1", "run-1")
    with pytest.raises(HostBusy) as busy:
        host.lock("daemon b", "run-2")
    assert busy.value.holder == "守护进程 a[31m on build-1"
    assert busy.value.run_id == "run-1"
    assert abs((datetime.now(UTC) - busy.value.since).total_seconds()) < 30
    assert "in use by 守护进程 a[31m on build-1 (run run-1) since 20" in str(busy.value)


def test_the_same_run_gets_the_same_lease_again(host: Host, place: Place, tmp_path: Path) -> None:
    lease = host.lock("daemon", "run-1")
    with pool_of(entry_of(place, tmp_path), tmp_path) as after_restart:
        again = after_restart.host("gpu-01").lock("daemon, restarted", "run-1")
        assert again.generation == lease.generation
        assert after_restart.host("gpu-01").unlock(again)
    assert host.lock_holder() is None


def test_a_lease_ends_with_its_block(host: Host) -> None:
    with host.lock("daemon", "run-1") as lease:
        holder = host.lock_holder()
        assert holder is not None
        assert (holder.run_id, holder.holder) == (lease.run_id, "daemon")
    assert host.lock_holder() is None


def test_the_generation_only_grows(host: Host) -> None:
    generations = []
    for number in range(4):
        with host.lock("daemon", f"run-{number}") as lease:
            generations.append(lease.generation)
    assert generations == [1, 2, 3, 4]


def test_who_does_not_hold_the_host_can_not_unlock_it(host: Host) -> None:
    first = host.lock("a", "run-1")
    assert host.unlock(first)
    host.lock("b", "run-2")
    assert not host.unlock(first)
    holder = host.lock_holder()
    assert holder is not None
    assert holder.run_id == "run-2"


def test_a_broken_lock_fences_the_one_who_held_it(host: Host) -> None:
    old = host.lock("a", "run-1")
    assert not host.break_lock("run-0"), "only the run that was looked at may lose the host"
    assert host.break_lock("run-1")
    with pytest.raises(StaleGeneration):
        host.jobs.start("job", "true", env={}, generation=old.generation)
    new = host.lock("b", "run-2")
    assert new.generation > old.generation
    host.jobs.start("job", "true", env={}, generation=new.generation)
    assert host.jobs.wait("job", 20).ok


def test_breaking_a_lock_again_after_a_lost_answer_says_the_same(host: Host) -> None:
    host.lock("a", "run-1")
    assert host.break_lock("run-1")
    assert host.break_lock("run-1")
    with host.lock("b", "run-2") as lease:
        assert lease.generation == 3, "broken once"
        assert not host.break_lock("run-1"), "somebody else has it by now"
    assert not host.break_lock("run-2"), "it was given back"


def test_of_many_who_want_the_host_one_gets_it_at_a_time(host: Host, place: Place, tmp_path: Path) -> None:
    inside = threading.Semaphore(1)
    generations: list[int] = []
    overlaps: list[int] = []

    def work(number: int, mine: Host) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with mine.lock(f"worker {number}", f"run-{number}") as lease:
                    if not inside.acquire(blocking=False):
                        overlaps.append(number)
                        return
                    generations.append(lease.generation)
                    inside.release()
                return
            except HostBusy:
                time.sleep(0.01)

    with pool_of(entry_of(place, tmp_path), tmp_path) as other:
        hosts = [host, other.host("gpu-01")]
        threads = [threading.Thread(target=work, args=(number, hosts[number % 2])) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert overlaps == []
    assert generations == sorted(set(generations))
    assert len(generations) == 8


def test_a_home_without_the_right_to_write_is_told_as_such(host: Host, place: Place) -> None:
    (place.home / ".zentao-deploy").symlink_to("/sys/kernel")
    with pytest.raises(HostDenied):
        host.lock("daemon", "run-1")
    with pytest.raises(HostDenied):
        host.jobs.start("job", "true", env={}, generation=0)


def test_a_generation_nobody_can_read_lets_nobody_on(host: Host, place: Place) -> None:
    with host.lock("daemon", "run-1"):
        pass
    (place.home / ".zentao-deploy" / "generation").write_text("garbage\n")
    with pytest.raises(HostError, match="refused") as refused:
        host.lock("daemon", "run-2")
    assert "generation" in refused.value.detail


@pytest.mark.parametrize("run_id", ["", "../x", "a b", "$(id)", "x" * 129])
def test_a_run_id_that_is_no_plain_name_is_refused(pool: HostPool, run_id: str) -> None:
    with pytest.raises(ValueError, match="run id"):
        pool.host("gpu-01").lock("daemon", run_id)


def test_whatever_stands_in_the_lock_file_becomes_plain_text() -> None:
    found = parse_holder("busy run\x1b-1 9e99 not-base64!")
    assert (found.run_id, found.holder, found.since.year) == ("run-1", "unknown", 1970)
    assert parse_holder("busy").holder == "unknown"
