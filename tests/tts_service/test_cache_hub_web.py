"""Weights over HTTP, from a real server that cuts, alters, stalls and redirects; the command as real processes."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tts_service.file_server import FileServer, serving
from tests.tts_service.hub_support import UNKNOWN, begin, known, run, write_manifest
from tts_service import cache_hub
from tts_service.hub import part as part_module
from tts_service.hub import web

BIG = hashlib.shake_256(b"weights").digest(3_000_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02, 0.03))
    with serving() as server:
        yield server


def mirror(server: FileServer, below: str = "") -> dict[str, str]:
    return {"kind": "mirror", "where": server.url + "/" + below}


def fetch(manifest: Path, hub: Path) -> tuple[Path, list[str]]:
    said: list[str] = []
    return cache_hub.ensure_named(cache_hub.Manifest.load(manifest), hub, say=said.append), said


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_cut_connection_goes_on_where_it_stopped_and_only_the_rest_is_sent(
    server: FileServer, tmp_path: Path
) -> None:
    served = server.add("/gpt.pth", BIG, faults=[("cut", 1_000_000), ("cut", 500_000)])
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert [asked.sent for asked in server.asked] == [1_000_000, 500_000, 1_500_000]
    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=1000000-", "bytes=1500000-"]
    assert server.asked[1].headers["if-range"] == served.etag
    assert not list(folder.glob("*.part*"))


def test_a_process_killed_in_the_middle_is_continued_by_the_next_one(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, faults=[("stall", 2_000_000)])
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    first = begin(tmp_path / "hub", "fetch", str(manifest))
    until(lambda: [path.stat().st_size for path in (tmp_path / "hub").rglob("*.part")] == [2_000_000])
    first.kill()
    first.communicate()
    server.release.set()
    second = run(tmp_path / "hub", "fetch", str(manifest))
    assert second.returncode == 0, second.stderr
    assert "(2,000,000 are here)" in second.stderr
    folder = Path(second.stdout.strip())
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert server.asked[-1].sent == 1_000_000


def test_the_same_without_a_known_sha256_goes_on_only_under_the_server_s_validator(
    server: FileServer, tmp_path: Path
) -> None:
    served = server.add("/gpt.pth", BIG, faults=[("cut", 1_000_000)])
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert [asked.headers.get("if-range") for asked in server.asked] == [None, served.etag]

    served.etag, served.faults = None, [("cut", 1_000_000)]
    folder, _ = fetch(manifest, tmp_path / "another")
    assert [asked.sent for asked in server.asked[2:]] == [1_000_000, 3_000_000]


def test_a_file_that_changed_on_the_server_meanwhile_is_fetched_from_its_beginning(
    server: FileServer, tmp_path: Path
) -> None:
    server.add("/gpt.pth", b"old" * 1000, faults=[("cut", 2000), ("status", 404, {})])
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    with pytest.raises(cache_hub.CacheHubError, match="404"):
        fetch(manifest, tmp_path / "hub")
    server.add("/gpt.pth", BIG)
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert server.asked[-1].headers["range"] == "bytes=2000-"
    assert server.asked[-1].sent == len(BIG)


def test_after_a_power_cut_an_unproved_beginning_is_not_trusted(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("/gpt.pth", BIG, faults=[("cut", 1_000_000), ("status", 404, {})])
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    with pytest.raises(cache_hub.CacheHubError):
        fetch(manifest, tmp_path / "hub")
    monkeypatch.setattr(part_module, "boot_id", lambda: "the next boot")
    fetch(manifest, tmp_path / "hub")
    assert server.asked[-1].sent == len(BIG)


def test_a_beginning_that_turns_out_wrong_is_thrown_away_and_all_is_fetched(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG)
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    folder, _ = fetch(manifest, tmp_path / "hub")
    (folder / "gpt.pth").unlink()
    (folder / "gpt.pth.part").write_bytes(b"x" * 1_000_000)
    _, said = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert [asked.sent for asked in server.asked[1:]] == [2_000_000, 3_000_000]
    assert any("once more from its beginning" in line for line in said)


def test_a_cut_file_in_its_place_is_continued_and_a_shorter_other_file_is_kept_aside(
    server: FileServer, tmp_path: Path
) -> None:
    server.add("/gpt.pth", BIG)
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    folder, _ = fetch(manifest, tmp_path / "hub")
    os.truncate(folder / "gpt.pth", 2_500_000)
    fetch(manifest, tmp_path / "hub")
    assert server.asked[-1].sent == 500_000
    assert not list(folder.glob("*.altered-*"))

    (folder / "gpt.pth").write_bytes(b"my own, half as big")
    fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert [path.read_bytes() for path in folder.glob("*.altered-*")] == [b"my own, half as big"]


def test_altered_bytes_from_one_mirror_are_refused_and_the_next_one_is_asked(
    server: FileServer, tmp_path: Path
) -> None:
    server.add("/bad/gpt.pth", b"x" + BIG[1:])
    server.add("/short/gpt.pth", BIG[:-1])
    server.add("/good/gpt.pth", BIG)
    sources = [mirror(server, below) for below in ("missing/", "bad/", "short/", "good/")]
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, sources)
    folder, said = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    failures = [line.partition(" not from ")[2] for line in said if " not from " in line]
    assert [failure.partition("/: ")[2][:26] for failure in failures] == [
        "404 Not Found",
        "damaged: 3,000,000 bytes, ",
        "damaged: it has 2,999,999 ",
    ]


def test_when_no_source_helps_each_one_s_reason_is_told_and_the_beginning_is_kept(
    server: FileServer, tmp_path: Path
) -> None:
    from tests.support.ports import free_port

    server.add("/a/gpt.pth", BIG, faults=[("cut", 1_000_000)] + [("status", 503, {})] * 4)
    sources = [{"kind": "mirror", "where": f"http://user:secret@127.0.0.1:{free_port()}/"}, mirror(server, "a/")]
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG), "other.bin": known(b"x")}, sources)
    with pytest.raises(cache_hub.CacheHubError) as caught:
        fetch(manifest, tmp_path / "hub")
    lines = str(caught.value).splitlines()
    assert "2 of the files" in lines[0]
    assert "can't be reached" in lines[1]
    assert "503 from the server, 4 times without a byte; 1,000,000 bytes are kept" in lines[1]
    assert "404 Not Found" in lines[2]
    assert "secret" not in str(caught.value)


def test_an_overloaded_server_is_asked_again_after_the_time_it_names(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, faults=[("status", 429, {"Retry-After": "1"}), ("status", 503, {})])
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    begun = time.monotonic()
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert time.monotonic() - begun >= 1
    assert (folder / "gpt.pth").read_bytes() == BIG


def test_the_hub_s_urls_endpoint_token_redirect_and_own_sha256_are_used(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url + "/")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    sha256 = hashlib.sha256(BIG).hexdigest()
    with serving() as elsewhere:
        elsewhere.add("/cdn/1", BIG)
        elsewhere.add("/cdn/2", b"y" + BIG[1:])
        for name, target in (("gpt.pth", "1"), ("s2mel.pth", "2")):
            headers = {"Location": f"{elsewhere.url}/cdn/{target}", "X-Linked-Etag": f'"{sha256}"'}
            server.add(f"/Team/模型/resolve/v1/{name}", b"", faults=[("status", 302, headers)] * 3)
            moved = server.files.pop(f"/Team/模型/resolve/v1/{name}")
            server.files[f"/Team/%E6%A8%A1%E5%9E%8B/resolve/v1/{name}"] = moved
        source = {"kind": "hub", "where": "Team/模型", "revision": "v1"}
        manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN, "s2mel.pth": UNKNOWN}, [source])
        with pytest.raises(cache_hub.CacheHubError, match=r"s2mel.pth: .*: damaged: 3,000,000 bytes"):
            fetch(manifest, tmp_path / "hub")
        assert server.asked[0].headers["authorization"] == "Bearer hf_secret"
        assert all("authorization" not in asked.headers for asked in elsewhere.asked)
    (record,) = (tmp_path / "hub").rglob("recorded.json")
    records = json.loads(record.read_text())["files"]
    assert list(records) == ["gpt.pth"]
    assert (records["gpt.pth"]["sha256"], records["gpt.pth"]["vouched_by"]) == (sha256, "the hub's own sha256")


def test_an_offline_start_asks_nobody(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG)
    server.add("/config.yaml", b"a: 1\n")
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG), "config.yaml": UNKNOWN}, [mirror(server)])
    fetch(manifest, tmp_path / "hub")
    before = len(server.asked)
    server.files.clear()
    _, said = fetch(manifest, tmp_path / "hub")
    assert said == ["cache_hub: weights verified, 2 files, nothing to fetch"]
    assert len(server.asked) == before


def test_what_was_recorded_at_the_first_fetch_proves_the_file_ever_after(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG)
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    folder, said = fetch(manifest, tmp_path / "hub")
    assert any("has no sha256 in its manifest; recorded 3,000,000 bytes" in line for line in said)
    assert "trust in the first fetch" in said[-1]
    (folder / "gpt.pth").write_bytes(b"x" + BIG[1:])
    fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG

    server.add("/gpt.pth", b"z" + BIG[1:])
    (folder / "gpt.pth").unlink()
    with pytest.raises(cache_hub.CacheHubError, match="damaged"):
        fetch(manifest, tmp_path / "hub")


@pytest.mark.parametrize(
    ("data", "headers", "reason"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", {}, "a web page"),
        (b"{}", {"Content-Type": "text/html; charset=utf-8"}, "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", {}, "Git LFS pointer"),
        (b"", {}, "it is empty"),
        (b"abc", {"Content-Encoding": "gzip"}, "compressed although asked not to"),
    ],
)
def test_what_is_surely_not_the_file_is_not_recorded(
    server: FileServer, tmp_path: Path, data: bytes, headers: dict[str, str], reason: str
) -> None:
    server.add("/gpt.pth", data, headers=headers)
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    with pytest.raises(cache_hub.CacheHubError, match=reason):
        fetch(manifest, tmp_path / "hub")
    assert not list((tmp_path / "hub").rglob("recorded.json"))
    assert not list((tmp_path / "hub").rglob("gpt.pth"))


def test_four_processes_at_once_fetch_each_file_once_and_say_whom_they_wait_for(
    server: FileServer, tmp_path: Path
) -> None:
    server.add("/gpt.pth", BIG, faults=[("stall", 1_000)])
    server.add("/config.yaml", b"a: 1\n")
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG), "config.yaml": UNKNOWN}, [mirror(server)])
    first = begin(tmp_path / "hub", "fetch", str(manifest))
    assert server.stalled.wait(20)
    others = [begin(tmp_path / "hub", "fetch", str(manifest)) for _ in range(3)]
    for other in others:
        assert other.stderr is not None
        line = other.stderr.readline()
        assert f"is being filled by process {first.pid} on " in line
        assert "tts_service.cache_hub" in line
    server.release.set()
    ends = [process.communicate(timeout=60) for process in (first, *others)]
    assert [process.returncode for process in (first, *others)] == [0, 0, 0, 0], ends
    assert len({out for out, _ in ends}) == 1
    assert sum(asked.sent for asked in server.asked) == len(BIG) + len(b"a: 1\n")


def test_a_lock_whose_holder_was_killed_is_free(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, faults=[("stall", 1_000)])
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    first = begin(tmp_path / "hub", "fetch", str(manifest))
    assert server.stalled.wait(20)
    second = begin(tmp_path / "hub", "fetch", str(manifest))
    assert second.stderr is not None
    assert "is being filled by" in second.stderr.readline()
    first.kill()
    first.communicate()
    server.release.set()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert (Path(out.strip()) / "gpt.pth").read_bytes() == BIG


def test_ctrl_c_ends_with_a_plain_word_and_the_beginning_stays(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, faults=[("stall", 1_000_000)])
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    process = begin(tmp_path / "hub", "fetch", str(manifest))
    until(lambda: [path.stat().st_size for path in (tmp_path / "hub").rglob("*.part")] == [1_000_000])
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err


def test_a_server_that_knows_no_ranges_serves_all_of_it_again(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, ranges=False, faults=[("cut", 1_000_000)])
    folder, _ = fetch(write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)]), tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert [asked.sent for asked in server.asked] == [1_000_000, len(BIG)]


def test_a_part_that_was_whole_when_the_process_ended_is_only_verified(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG)
    manifest = write_manifest(tmp_path, {"gpt.pth": known(BIG)}, [mirror(server)])
    folder, _ = fetch(manifest, tmp_path / "hub")
    (folder / "gpt.pth").rename(folder / "gpt.pth.part")
    fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG
    assert len(server.asked) == 1


def test_a_part_longer_than_the_file_is_begun_anew(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", BIG, faults=[("cut", 2_000_000), ("status", 404, {})])
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [mirror(server)])
    with pytest.raises(cache_hub.CacheHubError, match="404"):
        fetch(manifest, tmp_path / "hub")
    server.files["/gpt.pth"].data = BIG[:1_500_000]  # under the same entity tag: a server that lies
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert (folder / "gpt.pth").read_bytes() == BIG[:1_500_000]


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": ""}, "the proxy or certificates named in the environment"),
        ({"HF_ENDPOINT": "hub.example"}, "missing an 'http://' or 'https://' protocol"),
        ({"HF_TOKEN": "hf_secret\nX-Evil: 1"}, "HF_TOKEN holds characters that no token has"),
        ({"HF_TOKEN": "令牌"}, "HF_TOKEN holds characters that no token has"),
    ],
)
def test_an_environment_that_can_t_work_is_told_in_words(
    tmp_path: Path, environment: dict[str, str], reason: str
) -> None:
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [{"kind": "hub", "where": "Team/Model"}])
    refused = run(tmp_path / "hub", "fetch", str(manifest), **environment)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "hf_secret" not in refused.stderr
