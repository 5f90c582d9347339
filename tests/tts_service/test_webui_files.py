"""Which files go through the page: what visitors upload and what was made for them, never another file of the host."""

import io
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.support.ports import free_port
from tests.tts_service.gradio_http import Page, file_data

ROOT = Path(__file__).resolve().parents[2]
SECRET = "top secret 8d1f"
DECLARED = ["张三本人录制", "张三书面同意", "内部测试"]


def recording(rate: int = 22050) -> bytes:
    """Two seconds of a tone, as a wav."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(0.1 * np.arange(2 * rate))).astype("<i2").tobytes())
    return target.getvalue()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    shared = tmp_path_factory.mktemp("共享 shared")
    for name in ("audit", "references"):
        (shared / name).mkdir()
        (shared / name / "kept.txt").write_text(SECRET)
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "tts_service" / "small_page.py"), str(port), str(shared)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 120
            while True:
                assert process.poll() is None
                assert time.monotonic() < deadline, "the page did not come up"
                try:
                    urllib.request.urlopen(url + "/healthz", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield Page(url, shared)
        finally:
            process.kill()


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
        for number, data in ((load, [value]), (matching, [value, *DECLARED, "你好", "中性", 1, 1, ""])):
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
    assert '"success":true' in page.queued(page.number("matching"), [heard, *DECLARED, "你好", "中性", 1, 1, ""])
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
