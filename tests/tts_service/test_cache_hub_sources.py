"""Archives, folders and licences: what an operator brings along, also with bad intent."""

import io
import json
import os
import pty
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.tts_service.file_server import FileServer, serving
from tests.tts_service.hub_support import ROOT, UNKNOWN, known, run, write_manifest
from tts_service import cache_hub
from tts_service.hub import web
from tts_service.hub.progress import Progress

FILES = {"config.yaml": b"a: 1\n", "deep/gpt.pth": bytes(range(256)) * 4000}
LICENCE = {"name": "Model Licence 1.0", "url": "https://example.com/licence", "summary": "Not for sale."}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02, 0.03))
    with serving() as server:
        yield server


def files() -> dict[str, object]:
    return {name: known(data) for name, data in FILES.items()}


def fetch(manifest: Path, hub: Path) -> tuple[Path, list[str]]:
    said: list[str] = []
    return cache_hub.ensure_named(cache_hub.Manifest.load(manifest), hub, say=said.append), said


def member(name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def pack(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    packed = path.name.endswith(".gz")
    with tarfile.open(path, "w:gz") if packed else tarfile.open(path, "w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize(("name", "inside"), [("w.tar", ""), ("w.tar.gz", "checkpoints"), ("w.tar", "checkpoints")])
@pytest.mark.parametrize("prefix", ["", "./"])
def test_an_archive_fills_the_hub(tmp_path: Path, name: str, inside: str, prefix: str) -> None:
    within = f"{prefix}{inside}/" if inside else prefix
    pack(tmp_path / name, [member(within + path, data) for path, data in reversed(FILES.items())])
    manifest = write_manifest(tmp_path, files(), [{"kind": "tarball", "where": name, "inside": inside}])
    assert contents(fetch(manifest, tmp_path / "hub")[0]) == FILES


def test_an_archive_at_a_url_is_resumed_read_and_taken_away_again(server: FileServer, tmp_path: Path) -> None:
    packed = pack(tmp_path / "w.tar.gz", [member(path, data) for path, data in FILES.items()]).read_bytes()
    server.add("/w.tar.gz", packed, faults=[("cut", 1000)])
    manifest = write_manifest(tmp_path, files(), [{"kind": "tarball", "where": server.url + "/w.tar.gz"}])
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert contents(folder) == FILES
    assert [asked.sent for asked in server.asked] == [1000, len(packed) - 1000]
    assert not list((folder / ".archives").iterdir())


def test_an_archive_s_names_lead_nowhere_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    evil = [
        member("../../evil", b"evil"),
        member(str(outside / "absolute"), b"evil"),
        member("deep", b"", tarfile.SYMTYPE, str(outside)),
        *[member(path, data) for path, data in FILES.items()],
    ]
    pack(tmp_path / "evil.tar", evil)
    manifest = write_manifest(tmp_path, files(), [{"kind": "tarball", "where": "evil.tar"}])
    before = {path for path in tmp_path.rglob("*") if "hub" not in path.parts}
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert contents(folder) == FILES
    assert not (folder / "deep").is_symlink()
    assert {path for path in tmp_path.rglob("*") if "hub" not in path.parts} == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: pack(path, [member("config.yaml", FILES["config.yaml"])]), "not in the archive"),
        (lambda path: pack(path, [member("deep/gpt.pth", b"", tarfile.SYMTYPE, "/etc/shadow")]), "is refused"),
        (lambda path: pack(path, [member("deep/gpt.pth", b"", tarfile.LNKTYPE, "config.yaml")]), "is refused"),
        (lambda path: pack(path, [member("deep/gpt.pth", b"", tarfile.FIFOTYPE)]), "is refused"),
        (lambda path: os.truncate(path, 5000), "damaged"),
        (lambda path: path.write_bytes(b"no archive at all"), "no archive that can be read"),
        (lambda path: path.unlink(), "No such file"),
    ],
    ids=["lacking", "symlink", "hardlink", "fifo", "cut", "garbage", "gone"],
)
@pytest.mark.parametrize("name", ["w.tar", "w.tar.gz"])
def test_a_bad_archive_is_told_and_the_next_source_serves(
    tmp_path: Path, name: str, damage: Callable[[Path], object], reason: str
) -> None:
    path = pack(tmp_path / name, [member(path, os.urandom(8) + data) for path, data in FILES.items()])
    damage(path)
    for file, data in FILES.items():
        (tmp_path / "disk" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disk" / file).write_bytes(data)
    sources = [{"kind": "tarball", "where": name}, {"kind": "folder", "where": "disk"}]
    folder, said = fetch(write_manifest(tmp_path, files(), sources), tmp_path / "hub")
    assert contents(folder) == FILES
    assert any("deep/gpt.pth not from" in line and reason in line for line in said), said


def test_nothing_is_fetched_before_somebody_accepted_the_licence_and_that_is_recorded_once(
    server: FileServer, tmp_path: Path
) -> None:
    server.add("/config.yaml", b"a: 1\n")
    source = {"kind": "mirror", "where": server.url}
    manifest = write_manifest(tmp_path, {"config.yaml": UNKNOWN}, [source], licence=LICENCE)
    hub = tmp_path / "hub"
    refused = run(hub, "fetch", str(manifest))
    assert refused.returncode == 1
    assert "Model Licence 1.0 (https://example.com/licence)" in refused.stderr
    assert "Not for sale." in refused.stderr
    assert "python -m tts_service.cache_hub accept weights --by WHO" in refused.stderr
    assert not server.asked

    assert run(hub, "accept", str(manifest), "--by", "  ").returncode == 1
    assert run(hub, "accept", str(manifest), "--by", "a\nb").returncode == 1
    taken = run(hub, "accept", str(manifest), "--by", "王小明")
    assert "accepted by 王小明" in taken.stdout
    (record,) = (hub / "licences").iterdir()
    written = record.read_text()
    assert json.loads(written)["manifest_version"] == "1"
    assert json.loads(written)["accepted_at"].endswith("+00:00")
    assert "accepted by 王小明" in run(hub, "accept", str(manifest), "--by", "somebody else").stdout
    assert record.read_text() == written
    assert run(hub, "fetch", str(manifest)).returncode == 0


def test_another_wording_of_the_licence_has_to_be_accepted_anew_but_what_is_here_still_serves(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"a: 1\n")
    source = {"kind": "folder", "where": "."}
    manifest = write_manifest(tmp_path, {"config.yaml": UNKNOWN}, [source], licence=LICENCE)
    cache_hub_licence_accept(manifest, tmp_path / "hub")
    folder, _ = fetch(manifest, tmp_path / "hub")
    manifest = write_manifest(tmp_path, {"config.yaml": UNKNOWN}, [source], licence=LICENCE | {"summary": "New."})
    assert fetch(manifest, tmp_path / "hub")[0] == folder
    (folder / "config.yaml").unlink()
    with pytest.raises(cache_hub.LicenceNotAccepted, match=r"New\."):
        fetch(manifest, tmp_path / "hub")


def cache_hub_licence_accept(manifest: Path, hub: Path) -> None:
    from tts_service.hub import licence

    licence.accept(hub, cache_hub.Manifest.load(manifest), "王小明")


def test_the_command_tells_what_is_there_verifies_and_fetches_from_a_folder_that_was_carried_here(
    tmp_path: Path,
) -> None:
    hub, disk = tmp_path / "共享 hub", tmp_path / "disk"
    disk.mkdir()
    for name in ("config.yaml", "gpt.pth", "s2mel.pth", "codec.pth", "wav2vec2bert_stats.pt"):
        (disk / name).write_bytes(name.encode())
    (disk / "multilingual_zh_ja_yue_char_del.tiktoken").write_bytes(b"tokens")
    assert "indextts-2.5 1: 0 of 6 files, licence not accepted: bilibili" in run(hub, "status").stdout
    assert run(hub, "accept", "indextts-2.5", "--by", "operator").returncode == 0
    fetched = run(hub, "fetch", "indextts-2.5", "--source", f"folder:{disk}")
    assert fetched.returncode == 0, fetched.stderr
    folder = Path(fetched.stdout.strip())
    assert (folder / "gpt.pth").read_bytes() == b"gpt.pth"
    status = run(hub, "status").stdout
    assert "indextts-2.5 1: 6 of 6 files, licence accepted by operator at 20" in status
    assert "indextts-2 1: 0 of 7 files" in status
    voice = next((ROOT / "tts_service" / "voices").glob("*/manifest.json")).parent.name
    assert f"voices/{voice}: 0 of " in status
    assert run(hub, "verify", f"voices/{voice}").returncode == 1
    assert run(hub, "verify", "indextts-2.5").returncode == 0
    (folder / "gpt.pth").write_bytes(b"gPt.pth")
    verified = run(hub, "verify", "indextts-2.5")
    assert verified.returncode == 1
    assert "damaged    gpt.pth" in verified.stdout
    assert (folder / "gpt.pth").read_bytes() == b"gPt.pth", "verify changes nothing"


def test_files_put_there_by_hand_are_recorded_and_a_pointer_is_not(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, {"a.bin": UNKNOWN, "b.bin": UNKNOWN}, [])
    hub = tmp_path / "hub"
    with pytest.raises(cache_hub.CacheHubError, match="names no source"):
        fetch(manifest, hub)
    (folder,) = (hub / "weights" / "weights").iterdir()
    (folder / "a.bin").write_bytes(b"weights")
    (folder / "b.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(cache_hub.CacheHubError, match="1 of the files"):
        fetch(manifest, hub)
    assert list(json.loads((folder / "recorded.json").read_text())["files"]) == ["a.bin"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fetch", "no-such"], "no manifest 'no-such': there is indextts-2, indextts-2.5"),
        (["fetch", "../../etc/passwd"], "no manifest"),
        (["fetch", "indextts-2", "--source", "ftp:x"], "is no source"),
        (["fetch", "indextts-2", "--source", "mirror:file:///etc"], "http or https URL"),
    ],
)
def test_a_command_that_means_nothing_ends_in_one_plain_line(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    refused = run(tmp_path / "hub", *arguments)
    assert refused.returncode == 1
    assert refused.stderr.startswith("ERROR: ")
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_too_little_space_is_told_before_the_first_byte(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("/gpt.pth", b"x" * 1000)
    source = {"kind": "mirror", "where": server.url}
    manifest = write_manifest(tmp_path, {"gpt.pth": UNKNOWN}, [source, source])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=999))
    with pytest.raises(cache_hub.CacheHubError, match=r"1,000 bytes are needed below .*, only 999 are free"):
        fetch(manifest, tmp_path / "hub")
    assert len(server.asked) == 1, "no other source can help"


def test_a_disk_that_fills_up_in_the_middle_is_told_and_the_rest_comes_later(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    big = os.urandom(3_000_000)
    (disk / "gpt.pth").write_bytes(big)
    manifest = write_manifest(tmp_path, {"gpt.pth": known(big)}, [{"kind": "folder", "where": "disk"}])
    small = tmp_path / "small"
    small.mkdir()
    script = """
import shutil, sys
from pathlib import Path
from tts_service import cache_hub
from tts_service.hub import part
usage = shutil.disk_usage(".")
part.shutil.disk_usage = lambda path: usage._replace(free=1 << 40)  # somebody else takes the space meanwhile
try:
    cache_hub.ensure_named(cache_hub.Manifest.load(Path(sys.argv[1])), Path(sys.argv[2]))
except cache_hub.CacheHubError as error:
    print("told:", error)
"""
    inner = f"mount -t tmpfs -o size=1m tmpfs {small} && exec {sys.executable} -c '{script}' {manifest} {small}/hub"
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", inner], capture_output=True, text=True, cwd=ROOT, check=False)
    if "told" not in done.stdout and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert "told: no space left for" in done.stdout, done.stderr
    assert "what is here is kept" in done.stdout


def test_a_stalled_server_is_left_after_a_while(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SILENCE_SECONDS", 0.2)
    server.add("/config.yaml", b"a: 1\n", faults=[("stall", 2)])
    manifest = write_manifest(tmp_path, {"config.yaml": UNKNOWN}, [{"kind": "mirror", "where": server.url}])
    folder, _ = fetch(manifest, tmp_path / "hub")
    assert (folder / "config.yaml").read_bytes() == b"a: 1\n"


def test_a_way_that_leaves_https_is_refused() -> None:
    first = httpx.Response(302, request=httpx.Request("GET", "https://a.example/x"))
    last = httpx.Response(200, request=httpx.Request("GET", "http://b.example/x"), history=[first])
    with pytest.raises(Exception, match="https to http"):
        web._check_way(last)


def test_progress_is_one_changing_line_on_a_terminal(server: FileServer, tmp_path: Path) -> None:
    server.add("/gpt.pth", bytes(40_000_000))
    manifest = write_manifest(
        tmp_path, {"gpt.pth": known(bytes(40_000_000))}, [{"kind": "mirror", "where": server.url}]
    )
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tts_service.cache_hub", "--hub", str(tmp_path / "hub"), "fetch", str(manifest)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # the terminal's other end was closed
                break
            seen += block
            if not block:
                break
    os.close(ours)
    assert process.returncode == 0
    assert b"\r\x1b[Kweights/gpt.pth [" in seen
    assert b" MB/s" in seen


def test_progress_elsewhere_is_a_line_every_few_seconds() -> None:
    said: list[str] = []
    now = [0.0]
    progress = Progress("w/gpt.pth", said.append, stream=io.StringIO(), clock=lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        progress.at(second * 1_000_000, 20_000_000)
    assert said == [
        "cache_hub: w/gpt.pth 25 %, 5.0 of 20.0 MB, 1.0 MB/s, 15 s left",
        "cache_hub: w/gpt.pth 50 %, 10.0 of 20.0 MB, 1.0 MB/s, 10 s left",
    ]
