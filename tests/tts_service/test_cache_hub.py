"""Weights on a host: fetched once, proved at every start, put right when damaged, never deleted."""

import hashlib
import json
import threading
from pathlib import Path

import pytest

from tts_service.cache_hub import CacheHubError, FolderSource, Manifest, ensure

FILES = {"acoustic.bin": b"a" * 70_000, "deep/vocoder.bin": b"v" * 2_000_000, "voice.json": b"{}"}


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "release" / "voices" / "清音"
    entries = {}
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        entries[name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    return folder


def fill(shipped: Path, hub: Path) -> tuple[Path, list[str]]:
    said: list[str] = []
    folder = ensure(Manifest.load(shipped), FolderSource(shipped), hub, kind="voices", name="清音", say=said.append)
    return folder, said


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def test_the_first_start_fetches_everything_and_the_second_nothing(shipped: Path, tmp_path: Path) -> None:
    folder, said = fill(shipped, tmp_path / "cache_hub")
    assert contents(folder) == FILES
    assert [line for line in said if "fetching" in line] == said
    assert len(said) == 3
    assert fill(shipped, tmp_path / "cache_hub") == (folder, ["cache_hub: 清音 verified, 3 files, nothing to fetch"])


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
        (lambda path: path.write_bytes(b"x" + path.read_bytes()[1:]), "damaged"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.unlink(), "missing"),
    ],
    ids=["cut", "altered", "emptied", "lost"],
)
def test_a_damaged_file_is_found_and_only_it_is_fetched_again(
    shipped: Path, tmp_path: Path, damage: "object", word: str
) -> None:
    folder, _ = fill(shipped, tmp_path / "cache_hub")
    assert callable(damage)
    damage(folder / "deep" / "vocoder.bin")
    _, said = fill(shipped, tmp_path / "cache_hub")
    assert [line for line in said if "fetching" in line] == said[-1:]
    assert f"deep/vocoder.bin {word}, fetching 2,000,000 bytes" in said[-1]
    assert contents(folder) == FILES


def test_what_lay_in_a_damaged_file_s_place_is_kept_aside(shipped: Path, tmp_path: Path) -> None:
    folder, _ = fill(shipped, tmp_path / "cache_hub")
    (folder / "acoustic.bin").write_bytes(b"my own, finely tuned")
    (folder / "voice.json").unlink()
    (folder / "voice.json").mkdir()
    _, said = fill(shipped, tmp_path / "cache_hub")
    assert contents(folder) == FILES
    (aside,) = folder.glob("acoustic.bin.altered-*")
    assert aside.read_bytes() == b"my own, finely tuned"
    (directory,) = folder.glob("voice.json.altered-*")
    assert directory.is_dir()
    assert any(directory.name in line for line in said)
    assert not list(folder.rglob("*.part*"))


def test_a_damaged_source_is_refused_and_what_the_hub_holds_stays(shipped: Path, tmp_path: Path) -> None:
    folder, _ = fill(shipped, tmp_path / "cache_hub")
    (folder / "acoustic.bin").unlink()
    (shipped / "acoustic.bin").write_bytes(b"b" * 70_000)
    with pytest.raises(CacheHubError, match=r"acoustic.bin: .*: damaged: 70,000 bytes"):
        fill(shipped, tmp_path / "cache_hub")
    assert not (folder / "acoustic.bin").exists()
    assert (folder / "voice.json").read_bytes() == b"{}"


def test_another_version_of_the_weights_gets_a_folder_beside_and_the_old_one_stays(
    shipped: Path, tmp_path: Path
) -> None:
    before, _ = fill(shipped, tmp_path / "cache_hub")
    (shipped / "voice.json").write_bytes(b"[]")
    manifest = json.loads((shipped / "manifest.json").read_text())
    manifest["files"]["voice.json"]["sha256"] = hashlib.sha256(b"[]").hexdigest()
    (shipped / "manifest.json").write_text(json.dumps(manifest))
    after, _ = fill(shipped, tmp_path / "cache_hub")
    assert after != before
    assert contents(before) == FILES
    assert (after / "voice.json").read_bytes() == b"[]"


def test_other_things_in_the_hub_are_left_alone(shipped: Path, tmp_path: Path) -> None:
    other = tmp_path / "cache_hub" / "hf_cache" / "model.pt"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"precious")
    fill(shipped, tmp_path / "cache_hub")
    assert other.read_bytes() == b"precious"


def test_a_start_interrupted_in_the_middle_is_finished_by_the_next(shipped: Path, tmp_path: Path) -> None:
    (shipped / "deep").rename(shipped / "elsewhere")
    with pytest.raises(CacheHubError, match=r"deep/vocoder.bin: .*: No such file or directory"):
        fill(shipped, tmp_path / "hub")
    (shipped / "elsewhere").rename(shipped / "deep")
    folder, said = fill(shipped, tmp_path / "hub")
    assert contents(folder) == FILES
    assert not any("acoustic" in line for line in said)


def test_a_hub_that_can_only_be_read_serves_as_long_as_nothing_is_missing(shipped: Path, tmp_path: Path) -> None:
    folder, _ = fill(shipped, tmp_path / "hub")
    lock = folder / ".lock"
    lock.unlink()
    lock.mkdir()  # can't be opened for writing, not even by root
    again, said = fill(shipped, tmp_path / "hub")
    assert again == folder
    assert "read-only" in said[0]
    (folder / "voice.json").unlink()
    with pytest.raises(CacheHubError, match="Check rights and space"):
        fill(shipped, tmp_path / "hub")


def test_two_starts_at_once_fetch_each_file_once(shipped: Path, tmp_path: Path) -> None:
    results: list[tuple[Path, list[str]]] = []
    threads = [threading.Thread(target=lambda: results.append(fill(shipped, tmp_path / "hub"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({folder for folder, _ in results}) == 1
    assert sum("fetching" in line for _, said in results for line in said) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "is no manifest"),
        ('{"files": {}}', "lists no files"),
        ('{"files": {"../../etc/passwd": {"size": 1, "sha256": "00"}}}', "outside its folder"),
        ('{"files": {"/etc/passwd": {"size": 1, "sha256": "00"}}}', "outside its folder"),
        ('{"files": [1]}', "is no manifest"),
        ('{"files": {"a/../b": {"size": 1, "sha256": null}}}', "outside its folder"),
        ('{"files": {"a//b": {"size": 1, "sha256": null}}}', "outside its folder"),
        ('{"files": {"a.part": {"size": 1, "sha256": null}}}', "keeps for itself"),
        ('{"files": {"x/.lock": {"size": 1, "sha256": null}}}', "keeps for itself"),
        ('{"files": {"recorded.json": {"size": 1, "sha256": null}}}', "keeps for itself"),
        ('{"files": {"a": {"size": -1, "sha256": null}}}', "no size: -1"),
        ('{"files": {"a": {"size": true, "sha256": null}}}', "no size: True"),
        ('{"files": {"a": {"size": 1, "sha256": "ABC"}}}', "no SHA-256"),
        ('{"files": {"a": {"size": 1}}}', "is no manifest"),
        ('{"name": "../up", "files": {"a": {"size": 1, "sha256": null}}}', "no name for a folder"),
        ('{"sources": [{"kind": "ftp", "where": "x"}], "files": {"a": {"size": 1, "sha256": null}}}', "kind of source"),
    ],
)
def test_a_manifest_that_is_none_is_refused(shipped: Path, text: str, message: str) -> None:
    (shipped / "manifest.json").write_text(text)
    with pytest.raises(CacheHubError, match=message):
        Manifest.load(shipped)


def test_a_release_without_manifest_is_said_to_be_incomplete(tmp_path: Path) -> None:
    with pytest.raises(CacheHubError, match="the release is incomplete"):
        Manifest.load(tmp_path)
