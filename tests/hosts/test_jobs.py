"""Detached jobs: started once, followed over broken connections, ended without a trace."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from orchestrator.hosts import Host, HostError, HostPool, JobResult, StaleGeneration, job_programs
from tests.hosts.conftest import Place, entry_of, eventually, pool_of
from tests.hosts.test_run import HOSTILE

ONCE = 'echo ran >>"$HOME/count"; '


def ran(place: Place) -> int:
    return (place.home / "count").read_text().count("ran")


def folder(place: Place, job_id: str) -> Path:
    return place.home / ".zentao-deploy" / "jobs" / job_id


def pid_of(place: Place, job_id: str) -> int:
    return int((folder(place, job_id) / "pid").read_text().split()[0])


def group(leader: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text(errors="replace").rpartition(") ")[2].split()
        except OSError:
            continue
        if int(words[2]) == leader and words[0] not in "ZX":
            members.append(int(stat.parent.name))
    return members


def test_a_job_runs_to_its_end_and_tells_log_outputs_and_time(host: Host) -> None:
    script = 'echo 开始 $NAME; echo oops >&2; echo "commit=abc" >>"$ZD_OUTPUT"; echo "title=部署 ok" >>"$ZD_OUTPUT"\n'
    job = host.jobs.start("run-7-1-install", script, env={"NAME": "张三"}, generation=0)
    assert not job.reattached
    log: list[str] = []
    result = host.jobs.wait(job.job_id, 20, log.append)
    assert result.ok
    assert result.state == "exited"
    assert result.outputs == {"commit": "abc", "title": "部署 ok"}
    assert "".join(log) == result.log_tail == "开始 张三\noops\n"
    assert 0 <= result.seconds < 20


def test_a_failing_job_tells_its_exit_code(host: Host) -> None:
    host.jobs.start("fails", "echo 'no such ref'; exit 7", env={}, generation=0)
    result = host.jobs.wait("fails", 20)
    assert (result.state, result.exit_code, result.ok, result.log_tail) == ("exited", 7, False, "no such ref\n")


def test_a_second_start_reattaches_to_the_running_job(host: Host, place: Place) -> None:
    host.jobs.start("job", ONCE + "sleep 0.5", env={}, generation=0)
    assert host.jobs.start("job", ONCE + "sleep 0.5", env={}, generation=0).reattached
    assert host.jobs.wait("job", 20).ok
    assert host.jobs.start("job", ONCE + "sleep 0.5", env={}, generation=0).reattached
    assert ran(place) == 1


def test_ten_starts_at_once_start_one_job(host: Host, place: Place) -> None:
    started: list[bool] = []

    def start() -> None:
        started.append(host.jobs.start("job", ONCE + "sleep 0.3", env={}, generation=0).reattached)

    threads = [threading.Thread(target=start) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [False] + [True] * 9
    assert host.jobs.wait("job", 20).ok
    assert ran(place) == 1


def test_a_start_that_was_interrupted_before_the_job_began_is_made_good(host: Host, place: Place) -> None:
    half = folder(place, "job")
    half.mkdir(parents=True)
    (half / "script").write_text("half a scr")
    assert host.jobs.poll("job").state == "missing"
    assert not host.jobs.start("job", ONCE, env={}, generation=0).reattached
    assert host.jobs.wait("job", 20).ok
    assert ran(place) == 1


def test_a_connection_cut_in_the_middle_of_a_long_job_loses_nothing(host: Host, place: Place) -> None:
    script = ONCE + 'echo before; touch "$HOME/begun"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo after'
    host.jobs.start("long", script, env={}, generation=0)
    log: list[str] = []
    results: list[JobResult] = []
    thread = threading.Thread(target=lambda: results.append(host.jobs.wait("long", 60, log.append)))
    thread.start()
    eventually(lambda: "before" in "".join(log))
    for _ in range(3):
        place.cut()
        time.sleep(0.1)
    (place.home / "go").touch()
    thread.join(30)
    assert [result.exit_code for result in results] == [0]
    assert "".join(log) == "before\nafter\n"
    assert ran(place) == 1


def test_another_process_finds_the_job_of_one_that_died(place: Place, tmp_path: Path) -> None:
    entry = entry_of(place, tmp_path)
    with pool_of(entry, tmp_path) as first:
        first.host("gpu-01").jobs.start("job", ONCE + "sleep 0.5; echo end", env={}, generation=0)
    with pool_of(entry, tmp_path) as second:
        jobs = second.host("gpu-01").jobs
        assert jobs.running() == ("job",)
        assert jobs.start("job", ONCE + "sleep 0.5; echo end", env={}, generation=0).reattached
        assert jobs.wait("job", 20).log_tail == "end\n"
        assert jobs.running() == ()
    assert ran(place) == 1


def test_cancel_ends_the_whole_group(host: Host, place: Place) -> None:
    host.jobs.start("job", "sleep 600 & (trap '' TERM; sleep 601) & echo up; sleep 602", env={}, generation=0)
    leader = pid_of(place, "job")
    eventually(lambda: len(group(leader)) >= 5)
    assert host.jobs.cancel("job", grace=0.3)
    assert group(leader) == []
    assert host.jobs.poll("job").state == "killed"
    assert not host.jobs.cancel("job")


def test_a_job_cancelled_before_it_began_never_begins(host: Host, place: Place) -> None:
    assert not host.jobs.cancel("job")
    host.jobs.start("job", ONCE, env={}, generation=0)
    assert host.jobs.poll("job").state == "killed"
    assert not (place.home / "count").exists()


def test_cancelling_a_finished_job_changes_nothing(host: Host) -> None:
    host.jobs.start("job", "true", env={}, generation=0)
    assert host.jobs.wait("job", 20).ok
    assert not host.jobs.cancel("job")
    assert host.jobs.poll("job").exit_code == 0


def test_a_killed_job_is_seen_as_killed(host: Host, place: Place) -> None:
    host.jobs.start("job", "sleep 600", env={}, generation=0)
    assert host.jobs.poll("job").state == "running"
    os.killpg(pid_of(place, "job"), signal.SIGKILL)
    result = host.jobs.wait("job", 20)
    assert (result.state, result.exit_code, result.ok) == ("killed", None, False)


@pytest.mark.parametrize("word", [1, 2], ids=["another boot", "another process"])
def test_a_living_pid_that_is_not_our_process_does_not_count(host: Host, place: Place, word: int) -> None:
    host.jobs.start("job", "sleep 600", env={}, generation=0)
    file = folder(place, "job") / "pid"
    true_words = file.read_text().split()
    words = list(true_words)
    words[word] = "12345"
    file.write_text(" ".join(words) + "\n")
    assert host.jobs.poll("job").state == "killed"
    assert not host.jobs.cancel("job")
    assert len(group(int(words[0]))) >= 3, "a group that isn't ours must be left alone"
    file.write_text(" ".join(true_words) + "\n")
    assert host.jobs.cancel("job")


def test_a_job_over_its_time_is_ended(host: Host, place: Place) -> None:
    host.jobs.start("job", "echo started; sleep 600", env={}, generation=0)
    result = host.jobs.wait("job", 0.3)
    assert (result.state, result.ok, result.log_tail) == ("timed_out", False, "started\n")
    assert group(pid_of(place, "job")) == []


def test_a_person_who_cancels_is_heard(host: Host, place: Place) -> None:
    host.jobs.start("job", "sleep 600", env={}, generation=0)
    assert host.jobs.wait("job", 600, cancelled=lambda: True).state == "cancelled"
    assert group(pid_of(place, "job")) == []


def test_a_job_that_never_was_is_missing(host: Host) -> None:
    assert host.jobs.poll("never").state == "missing"
    assert host.jobs.wait("never", 20).state == "missing"


def test_a_big_log_arrives_whole_and_in_pieces(host: Host) -> None:
    host.jobs.start(
        "job", "i=0; while [ $i -lt 40000 ]; do echo 第 $i 行日志; i=$((i + 1)); done", env={}, generation=0
    )
    log: list[str] = []
    result = host.jobs.wait("job", 60, log.append)
    assert "".join(log) == "".join(f"第 {number} 行日志\n" for number in range(40000))
    assert len(log) > 2
    assert result.log_tail == "".join(log)[-len(result.log_tail) :]
    assert len(result.log_tail) < 20000


def test_a_log_that_outruns_us_is_read_on_from_near_its_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.hosts.jobs.FAR_BEHIND", 400_000)
    monkeypatch.setattr("orchestrator.hosts.jobs.CATCH_UP", 1000)
    host.jobs.start("flood", "echo begin; yes | head -c 3000000; echo end", env={}, generation=0)
    eventually(lambda: host.jobs.poll("flood").state == "exited")
    log: list[str] = []
    result = host.jobs.wait("flood", 60, log.append)
    text = "".join(log)
    assert result.ok
    assert (text[:6], text[-4:], result.log_tail[-4:]) == ("begin\n", "end\n", "end\n")
    assert "bytes left out ...]" in text
    assert len(text) < 700_000


def test_a_log_that_grows_too_long_keeps_its_head_and_its_tail_and_says_so(
    host: Host, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_programs, "LOG_HEAD", 1_000_000)
    monkeypatch.setattr(job_programs, "LOG_TAIL", 500_000)
    script = "seq -f '第 %.0f 行' 400000; sleep 3; seq -f '又 %.0f' 400000; echo 完了"
    host.jobs.start("job", script, env={}, generation=0)
    pieces: list[str] = []
    result = host.jobs.wait("job", 60, pieces.append)
    assert result.ok
    read = "".join(pieces)
    assert read.startswith("第 1 行\n第 2 行\n")
    assert "又 400000\n完了\n" in read
    assert "bytes in its middle were not kept" in result.log_tail
    log = folder(place, "job") / "log"
    assert log.stat().st_size > 10_000_000
    assert log.stat().st_blocks * 512 < 2_200_000, "more than the head and twice the tail"
    later: list[str] = []
    assert host.jobs.wait("job", 60, later.append).ok
    again = "".join(later)
    assert "\0" not in again
    assert len(again.encode()) < 2_200_000
    assert re.search(r"\n\[\.\.\. \d{7,} bytes left out \.\.\.\]\n", again)
    assert again.startswith("第 1 行\n")


def test_a_log_on_a_file_system_without_holes_is_kept_whole(
    host: Host, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_programs, "LOG_HEAD", 1000)
    monkeypatch.setattr(job_programs, "LOG_TAIL", 1000)
    monkeypatch.setattr(job_programs, "RUNNER", job_programs.RUNNER.replace("fallocate -p", "false"))
    host.jobs.start("job", "seq 20000", env={}, generation=0)
    pieces: list[str] = []
    assert host.jobs.wait("job", 60, pieces.append).ok
    assert "".join(pieces) == "".join(f"{number}\n" for number in range(1, 20001))
    assert not (folder(place, "job") / "dropped").exists()


def test_a_poll_never_cuts_a_character_in_two(host: Host) -> None:
    host.jobs.start("job", "printf 部署完成", env={}, generation=0)
    host.jobs.wait("job", 20)
    pieces, offset = [], 0
    while (state := host.jobs.poll("job", offset, limit=16 if offset else 4)).log_chunk:
        pieces.append(state.log_chunk)
        offset = state.offset
    assert pieces == ["部", "署完成"]
    assert offset == state.log_size == 12


def test_a_service_left_behind_does_not_keep_the_job_open(host: Host, place: Place) -> None:
    script = "setsid sh -c 'echo $$ >\"$HOME/service\"; while :; do echo tick; sleep 0.01; done' & echo done"
    host.jobs.start("job", script, env={}, generation=0)
    assert host.jobs.wait("job", 20).ok
    eventually((place.home / "service").exists)
    os.killpg(int((place.home / "service").read_text()), signal.SIGKILL)


def test_hostile_values_reach_the_job_as_they_are(host: Host, place: Place) -> None:
    env = {"VALUE": HOSTILE, "dir": "/nowhere", "IFS": ":", "HOME2": "$HOME"}
    host.jobs.start("job", 'printf %s "$VALUE" >"$HOME/value"; echo "$HOME2"', env=env, generation=0)
    assert host.jobs.wait("job", 20).log_tail == "$HOME\n"
    assert (place.home / "value").read_text() == HOSTILE


def test_a_secret_is_in_no_process_list_and_in_no_readable_file(host: Host, place: Place) -> None:
    host.jobs.start("job", "sleep 600 # s3cret-script", env={"TOKEN": "s3cret-env"}, generation=0)
    for member in group(pid_of(place, "job")):
        assert b"s3cret" not in Path(f"/proc/{member}/cmdline").read_bytes()
    assert (folder(place, "job")).stat().st_mode & 0o077 == 0
    host.jobs.cancel("job")


def test_the_script_gets_the_accounts_umask_back(host: Host, place: Place) -> None:
    host.jobs.start("job", "umask", env={}, generation=0)
    assert host.jobs.wait("job", 20).log_tail == host.run("umask").stdout


@pytest.mark.parametrize("job_id", ["", ".", "..", "a/b", "a b", "$(id)", "x" * 129, "部署", "a\n"])
def test_an_id_that_is_no_plain_name_is_refused(host: Host, job_id: str) -> None:
    with pytest.raises(ValueError, match="job id"):
        host.jobs.start(job_id, "true", env={}, generation=0)


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A;id", "ZD_OUTPUT", "变量"])
def test_a_name_that_is_no_variable_is_refused(host: Host, name: str) -> None:
    with pytest.raises(ValueError, match="environment variable"):
        host.jobs.start("job", "true", env={name: "x"}, generation=0)


def test_a_nul_can_not_be_hidden_in_a_value(host: Host) -> None:
    with pytest.raises(ValueError, match="NUL"):
        host.jobs.start("job", "true", env={"A": "a\0b"}, generation=0)


def test_a_job_with_unusable_outputs_is_an_error_that_names_the_line(host: Host) -> None:
    host.jobs.start("job", 'printf "fine=1\\nnot an output\\n" >>"$ZD_OUTPUT"', env={}, generation=0)
    with pytest.raises(HostError, match="line 2"):
        host.jobs.wait("job", 20)


def test_a_job_of_an_older_generation_is_refused(pool: HostPool, place: Place) -> None:
    host = pool.host("gpu-01")
    old = host.lock("daemon a", "run-1")
    host.unlock(old)
    new = host.lock("daemon b", "run-2")
    with pytest.raises(StaleGeneration) as refused:
        host.jobs.start("job", ONCE, env={}, generation=old.generation)
    assert (refused.value.ours, refused.value.current) == (old.generation, new.generation)
    assert host.jobs.poll("job").state == "missing"
    host.jobs.start("job", ONCE, env={}, generation=new.generation)
    assert host.jobs.wait("job", 20).ok
    assert ran(place) == 1


def test_a_file_that_was_written_before_a_job_is_told_from_one_written_since(host: Host, place: Place) -> None:
    old, new = place.home / "旧 old.log", place.home / "new.log"
    old.touch()
    os.utime(old, (1, 1))
    host.jobs.start("job", "true", env={}, generation=0)
    assert host.jobs.wait("job", 20).ok
    new.touch()
    assert host.jobs.is_older(str(old), "job")
    assert not host.jobs.is_older(str(new), "job")
