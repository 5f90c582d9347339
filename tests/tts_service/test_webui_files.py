"""Which files go through the page: what visitors upload and what was made for them, never another file of the host."""

import hashlib
import io
import os
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.tts_service.gradio_http import Page, file_data
from tests.tts_service.page_process import small_page
from tts_service.app.folders import empty_uploads
from tts_service.audit import audit_file, records

SECRET = "top secret 8d1f"
ASKED = ["你好", "", "中性", 1, 1, False, *[0] * 8]
"""Text, visitor, emotion, intensity, speed, and a mix of emotions that isn't used."""
DECLARED = ["张三本人录制", "张三书面同意", "内部测试"]


def recording(seconds: float = 2) -> bytes:
    """A tone, as a wav."""
    rate = 22050
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(0.1 * np.arange(int(seconds * rate)))).astype("<i2").tobytes())
    return target.getvalue()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    shared = tmp_path_factory.mktemp("共享 shared")
    for name in ("audit", "references"):
        (shared / name).mkdir()
        (shared / name / "kept.txt").write_text(SECRET)
    with small_page(shared) as page:
        yield page


def foreign(page: Page, folder: Path) -> list[Path]:
    """Files that nobody uploaded: elsewhere, and in the shared folder's private places."""
    sound = recording()
    for name, data in (("a.txt", SECRET.encode()), ("a.jsonl", b'{"text": "%s"}' % SECRET.encode()), ("a.wav", sound)):
        (folder / name).write_bytes(data)
    return [*(folder / name for name in ("a.txt", "a.jsonl", "a.wav")), page.shared / "audit" / "kept.txt"]


def copied(page: Page) -> list[Path]:
    """Copies of foreign files in Gradio's folder."""
    sound = recording()
    kept = (path for path in (page.shared / "run" / "gradio").rglob("*") if path.is_file())
    return [path for path in kept if SECRET.encode() in (data := path.read_bytes()) or data == sound]


def test_no_function_of_the_page_reads_a_file_that_nobody_uploaded(page: Page, tmp_path: Path) -> None:
    functions = page.functions
    assert {"load", "matching", "synthesize"} <= {each["api_name"] for each in functions}
    named = [file_data(path) for path in foreign(page, tmp_path)]
    for index, each in enumerate(functions):
        if each["inputs"]:
            data = [named[(index + place) % len(named)] for place in range(len(each["inputs"]))]
            answer = page.direct(each["id"], data)
            assert answer.status_code >= 400, (each["api_name"], answer.text[:300])
            assert SECRET not in answer.text, each["api_name"]
    assert copied(page) == []


def test_the_queue_refuses_such_files_too_wherever_they_stand_in_the_data(page: Page, tmp_path: Path) -> None:
    load, matching = page.number("load"), page.number("matching")
    paths = foreign(page, tmp_path)
    strange = [[file_data(paths[0])], {"path": str(paths[0])}, str(paths[0])]
    for value in [*map(file_data, paths), *strange]:
        for number, data in ((load, [value]), (matching, [value, *DECLARED, *ASKED])):
            answer = page.queued(number, data)
            assert SECRET not in answer
            assert '"success":true' not in answer, value
    assert copied(page) == []


def test_the_shared_folders_private_places_are_never_handed_out(page: Page, tmp_path: Path) -> None:
    (page.shared / "lexicon.txt").write_text("重庆 chong2 qing4\n", encoding="utf-8")
    try:
        for path in [page.shared / "lexicon.txt", page.shared / "references" / "kept.txt", *foreign(page, tmp_path)]:
            for written in (path, f"{page.shared}/run/gradio/../../{path.relative_to(page.shared.parent)}"):
                answer = httpx.get(f"{page.url}/gradio_api/file={written}")
                assert answer.status_code in (403, 404), written
                assert SECRET not in answer.text
    finally:
        (page.shared / "lexicon.txt").unlink()


def test_an_upload_above_20_mb_is_refused(page: Page) -> None:
    assert page.upload("a.wav", bytes(20 * 2**20 + 1)).status_code == 413


def test_what_was_uploaded_is_read_and_sounds_are_handed_out(page: Page) -> None:
    lines = page.uploaded("a.txt", "你好\n再见".encode())
    assert "再见" in page.direct(page.number("load"), [lines]).text
    heard = page.uploaded("a.wav", recording())
    assert '"success":true' in page.queued(page.number("matching"), [heard, *DECLARED, *ASKED])
    spoken = page.direct(page.number("synthesize"), ["你好", "清岚", "中性", 1, 1, 0]).json()["data"]
    assert httpx.get(f"{page.url}/gradio_api/file={spoken[0]['path']}").content[:4] == b"RIFF"
    many = page.direct(page.number("batch"), ["你好\n再见", "清岚", "中性", 1, 1, 0.4]).json()["data"]
    assert httpx.get(f"{page.url}/gradio_api/file={many[0]['path']}").content[:2] == b"PK"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("好 hao3\n重庆 chong2 qing4\n".encode("gbk"), "不是 UTF-8 编码（第 1 行）"),
        ("好 hao3\n重庆 zzz9\n".encode(), "第 2 行不能用"),
    ],
)
def test_the_page_opens_with_a_broken_lexicon_says_what_is_wrong_and_repairs_it(
    page: Page, data: bytes, told: str
) -> None:
    path = page.shared / "lexicon.txt"
    path.write_bytes(data)
    try:
        opened = page.direct(page.number("opened"), [""], session="repair")
        assert opened.status_code == 200
        shown = opened.json()["data"]
        assert any(told in str(value) for value in shown)
        text = next(value for value in shown if isinstance(value, str) and value.startswith("好 hao3\n重庆"))
        assert page.direct(page.number("read"), ["重庆"]).status_code == 200
        repaired = text.replace("zzz9", "chong2 qing4")
        saved = page.direct(page.clicked("tts-lexicon-save"), [repaired, None], session="repair")
        assert "已保存" in saved.json()["data"][2]
        assert path.read_text(encoding="utf-8") == "好 hao3\n重庆 chong2 qing4\n"
        assert path.with_name("lexicon.txt.before").read_bytes() == data
    finally:
        path.unlink()


def kept(page: Page, data: bytes) -> list[Path]:
    """Where this recording lies, as it came or as it is stored."""
    stored = page.shared / "references" / f"{hashlib.sha256(data).hexdigest()}.wav"
    copies = [path for path in (page.shared / "run").rglob("*") if path.is_file() and path.read_bytes() == data]
    return [*copies, *([stored] if stored.exists() else [])]


def told_of(page: Page, data: bytes) -> list[str]:
    """The kinds of records about this recording."""
    digest = hashlib.sha256(data).hexdigest()
    return [each.kind for each in records(audit_file(page.shared)) if each.fields.get("sha256") == digest]


def test_a_recording_in_which_no_voice_is_heard_is_kept_nowhere_and_the_audit_file_says_so(page: Page) -> None:
    noise = recording(4)
    upload = page.uploaded("noise.wav", noise)
    answer = page.queued(page.number("matching"), [upload, *DECLARED, *ASKED])
    assert "听不出人声" in answer
    assert kept(page, noise) == []
    assert told_of(page, noise) == ["reference.admitted", "reference.deleted"]
    again = page.queued(page.number("matching"), [upload, *DECLARED, *ASKED])
    assert "请先选择参考录音" in again
    form = {"input": "你好", "response_format": "wav"}
    form |= {
        f"declaration[{name}]": said for name, said in zip(("source", "consent", "purpose"), DECLARED, strict=True)
    }
    files = {"reference_audio": ("noise.wav", noise)}
    assert httpx.post(page.url + "/v1/audio/speech", data=form, files=files, timeout=60).status_code == 400
    assert kept(page, noise) == []
    assert told_of(page, noise) == ["reference.admitted", "reference.deleted"] * 2


def test_of_an_admitted_recording_the_uploaded_copy_goes_and_a_missing_consent_keeps_it(page: Page) -> None:
    voice = recording(2.5)
    upload = page.uploaded("voice.wav", voice)
    number = page.number("matching")
    assert "声明" in page.queued(number, [upload, "张三本人录制", "", "内部测试", *ASKED])
    assert [path.name for path in kept(page, voice)] == ["voice.wav"]
    assert '"success":true' in page.queued(number, [upload, *DECLARED, *ASKED])
    assert kept(page, voice) == [page.shared / "references" / f"{hashlib.sha256(voice).hexdigest()}.wav"]


def test_a_visitor_cannot_have_anything_but_an_upload_deleted(page: Page) -> None:
    entry = page.shared / "run" / "gradio" / "history" / ("a" * 64) / "sound.wav"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(recording(1.5))
    page.queued(page.number("matching"), [file_data(entry), *DECLARED, *ASKED])
    assert entry.exists()


def test_a_start_removes_what_was_uploaded_before_but_not_beside_a_running_service(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "gradio"
    for name in ("0" * 64, "live", "history", "batches"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.wav").write_bytes(b"sound")
    (folder / "tmp1").touch()
    (folder / "elsewhere").symlink_to(tmp_path)
    first = empty_uploads(tmp_path)
    try:
        assert sorted(path.name for path in folder.iterdir()) == ["batches", "history"]
        assert tmp_path.exists()
        (folder / "live").mkdir()
        os.close(empty_uploads(tmp_path))
        assert (folder / "live").exists()
    finally:
        os.close(first)
    os.close(empty_uploads(tmp_path))
    assert not (folder / "live").exists()


@pytest.mark.parametrize("event", [None, {}, {"segment": "x", "word": None, "reading": "ni3"}, {"segment": 99999}])
def test_an_event_that_no_browser_sends_is_refused_in_words(page: Page, event: object) -> None:
    assert "哪个词的读音" in page.queued(page.number("correct"), ["你好"], event)
    for name in ("replay", "refill"):
        assert "这条记录已经不在了" in page.queued(page.number(name), ["a"], event)


def test_an_audit_file_that_takes_no_record_is_told_without_the_servers_paths(page: Page) -> None:
    path = audit_file(page.shared)
    before = [(each, each.read_bytes()) for each in (path, path.with_suffix(".head")) if each.exists()]
    path.unlink(missing_ok=True)
    path.mkdir()
    try:
        heard = page.uploaded("a.wav", recording(1.2))
        answer = page.queued(page.number("matching"), [heard, *DECLARED, *ASKED])
        assert "审计记录写不进去" in answer
        assert "audit.jsonl" not in answer
        form = {"input": "你好", "response_format": "wav"}
        form |= {
            f"declaration[{name}]": said for name, said in zip(("source", "consent", "purpose"), DECLARED, strict=True)
        }
        files = {"reference_audio": ("a.wav", recording(1.2))}
        refused = httpx.post(page.url + "/v1/audio/speech", data=form, files=files, timeout=60)
        assert refused.status_code == 500
        assert refused.json()["error"]["code"] == "audit_failed"
        assert str(page.shared) not in refused.text
        assert "audit.jsonl" not in refused.text
    finally:
        path.rmdir()
        for each, data in before:
            each.write_bytes(data)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1", 404),
        ("GET", "/v1/", 404),
        ("POST", "/v1/none", 404),
        ("POST", "/v1/audio/speech/", 404),
        ("GET", "/v1/audio/speech", 405),
        ("PROPFIND", "/v1/audio/speech", 405),
        ("TRACE", "/v1/models", 405),
        ("DELETE", "/v1/audio/voices", 405),
    ],
)
def test_what_the_api_does_not_have_is_told_in_openais_shape_behind_the_page_too(
    page: Page, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, page.url + path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert (status == 405) == ("allow" in answer.headers)


def test_gradio_keeps_no_history_of_its_own(page: Page) -> None:
    assert httpx.get(page.url + "/config", timeout=60).json()["run_history"] is False
    assert httpx.get(page.url + "/gradio_api/runs", timeout=60).status_code == 404
