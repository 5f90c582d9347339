"""Commands and their output."""

from __future__ import annotations

import threading

import pytest

from orchestrator.hosts import Host, HostTimeout, HostUnreachable
from orchestrator.hosts.shell import quote
from tests.hosts.conftest import Place, eventually

HOSTILE = "a'b\"c $(touch pwned) `touch pwned` ; rm -rf x \\ \n第二行 * ~ -n !"


def test_a_command_tells_its_output_and_exit_code(host: Host) -> None:
    done = host.run("echo 好; echo err >&2; exit 3")
    assert (done.exit_code, done.stdout, done.stderr) == (3, "好\n", "err\n")
    assert not done.ok


def test_a_command_finds_the_accounts_home_and_no_input(host: Host, place: Place) -> None:
    assert host.run('printf %s "$HOME"; cat').stdout == str(place.home)


def test_a_quoted_value_arrives_as_it_is(host: Host, place: Place) -> None:
    assert host.run(f"printf %s {quote(HOSTILE)}").stdout == HOSTILE
    assert not list(place.home.glob("**/pwned"))


def test_input_reaches_the_command(host: Host) -> None:
    data = b"x" * 3_000_000
    assert host.run("wc -c", stdin=data).stdout.strip() == str(len(data))


def test_a_command_that_reads_no_input_is_not_disturbed_by_it(host: Host) -> None:
    assert host.run("echo done", stdin=b"x" * 200_000).stdout == "done\n"


def test_of_a_flood_only_the_beginning_is_kept(host: Host) -> None:
    done = host.run("head -c 5000000 /dev/zero | tr '\\0' y; echo oops >&2", limit=1000)
    assert done.truncated
    assert done.stdout == "y" * 1000
    assert done.stderr == "oops\n"
    assert done.exit_code == 0


def test_a_command_over_its_time_is_given_up_and_the_host_still_works(host: Host) -> None:
    with pytest.raises(HostTimeout, match="gpu-01"):
        host.run("sleep 30", timeout=0.3)
    assert host.run("echo again").stdout == "again\n"


def test_a_background_process_that_keeps_the_output_open_does_not_hold_the_caller(host: Host) -> None:
    done = host.run("sleep 20 & echo $!", timeout=10)
    assert done.exit_code == 0
    assert done.seconds < 8
    host.run(f"kill {int(done.stdout)}")


def test_a_connection_cut_under_a_command_means_unknown(host: Host, place: Place) -> None:
    outcome: list[int | None] = []
    begun = place.home / "begun"
    command = f"touch {quote(str(begun))}; sleep 30"

    def ask() -> None:
        try:
            outcome.append(host.run(command, timeout=25).exit_code)
        except HostUnreachable:
            outcome.append(None)  # cut before the host's "it has begun" was read: as unknown, told as an error

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(begun.exists)
    place.cut()
    thread.join(10)
    assert outcome == [None]
    assert host.run("echo back").stdout == "back\n"


def test_twenty_threads_share_the_host(host: Host) -> None:
    answers: list[str] = []

    def ask(number: int) -> None:
        answers.append(host.run(f"sleep 0.2; echo {number}").stdout.strip())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=int) == [str(number) for number in range(20)]
