"""Bad input: ten thousand odd requests, and recordings of every wrong kind; only 2xx and 4xx come back.

The real engine hears 200 of them, or as many as `TTS_FUZZ_REQUESTS` says; ``pytest -rP`` prints how they ended.
"""

import asyncio
import base64
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.tts_service.asgi import ask, post
from tests.tts_service.fuzz import Odd, noise, requests
from tests.tts_service.tone_engine import ToneEngine
from tts_service.app.admission import Crowd
from tts_service.app.health import About
from tts_service.app.service import service_app
from tts_service.engines.bundled import BundledEngine

DECLARATION = {"source": "本人录音", "consent": "本人同意", "purpose": "内部测试"}


async def answered(app: FastAPI, odd: Odd) -> int:
    path = odd.path.partition("?")[0]
    answer = await ask(app, odd.method, path, odd.body, odd.headers)
    assert 200 <= answer.status < 300 or 400 <= answer.status < 500 or answer.status == 307, (odd, answer)
    if answer.status >= 400 and path.startswith("/v1") and odd.method != "HEAD":
        assert answer.error["message"], odd
    return answer.status


async def all_of(app: FastAPI, count: int, seed: int) -> Counter[int]:
    """Eight at a time."""
    waiting = list(requests(count, seed))
    seen: Counter[int] = Counter()

    async def some() -> None:
        while waiting:
            seen[await answered(app, waiting.pop())] += 1

    await asyncio.gather(*(some() for _ in range(8)))
    print(f"{count} requests: {', '.join(f'{status}: {times}' for status, times in sorted(seen.items()))}")
    return seen


@pytest.mark.slow
def test_ten_thousand_odd_requests_meet_nothing_but_2xx_and_4xx(tmp_path: Path) -> None:
    about = About(ToneEngine(matching=True), "1", "abc", shared=tmp_path)
    app = service_app(about)
    seen = asyncio.run(all_of(app, 10_000, seed=20261122))
    assert sum(seen.values()) == 10_000
    assert seen[200] > 2000
    assert seen[400] > 3000
    assert about.admission.crowd == Crowd(0, 0)
    assert asyncio.run(post(app, {"input": "好"})).status == 200


@pytest.mark.tts
def test_odd_requests_to_the_real_engine_meet_nothing_but_2xx_and_4xx(tmp_path: Path) -> None:
    engine = BundledEngine(tmp_path, device="cpu", say=lambda line: None)
    engine.load()
    app = service_app(About(engine, "1", "abc", shared=tmp_path))
    count = int(os.environ.get("TTS_FUZZ_REQUESTS") or 200)
    seen = asyncio.run(all_of(app, count, seed=7))
    assert sum(seen.values()) == count
    assert seen[200] > 0.07 * count
    assert seen[400] > 0.3 * count


@pytest.mark.parametrize(
    ("recording", "status", "words"),
    [
        (b"", 400, "1 to 15 seconds"),
        (b"this is no sound at all", 400, "1 to 15 seconds"),
        (noise(0.1), 400, "1 to 15 seconds"),
        (noise(600, rate=8000, width=1), 400, "1 to 15 seconds"),
        (noise(2.0)[:2000], 400, "1 to 15 seconds"),
        (noise(2.0, width=1), 200, ""),
        (noise(2.0, rate=96_000, channels=2), 200, ""),
        (noise(2.0, channels=3), 400, "mono or stereo"),
    ],
    ids=["empty", "no sound", "0.1 s", "10 minutes", "cut", "8-bit", "stereo 96 kHz", "three channels"],
)
@pytest.mark.parametrize("how", ["json", "form"])
def test_a_recording_is_taken_or_refused_with_what_is_allowed(
    tmp_path: Path, recording: bytes, status: int, words: str, how: str
) -> None:
    app = service_app(About(ToneEngine(matching=True), "1", "abc", shared=tmp_path))
    if how == "json":
        fields: dict[str, Any] = {"input": "好", "response_format": "wav", "declaration": DECLARATION}
        answer = asyncio.run(post(app, fields | {"reference_audio": base64.b64encode(recording).decode()}))
    else:
        parts = {"input": "好", "response_format": "wav", "declaration": json.dumps(DECLARATION)}
        answer = asyncio.run(form(app, parts, recording))
    assert answer.status == status, answer.body
    assert status == 200 or words in answer.error["message"]


async def form(app: FastAPI, parts: dict[str, str], recording: bytes) -> Any:
    body = b""
    for name, text in parts.items():
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
    body += b'--b\r\nContent-Disposition: form-data; name="reference_audio"; filename="a.wav"\r\n\r\n' + recording
    body += b"\r\n--b--\r\n"
    return await ask(app, "POST", "/v1/audio/speech", body, {"content-type": "multipart/form-data; boundary=b"})


@pytest.mark.parametrize("missing", ["source", "consent", "purpose"])
def test_a_recording_without_its_whole_declaration_is_refused(tmp_path: Path, missing: str) -> None:
    app = service_app(About(ToneEngine(matching=True), "1", "abc", shared=tmp_path))
    stated = {name: text for name, text in DECLARATION.items() if name != missing}
    fields = {"input": "好", "reference_audio": base64.b64encode(noise(2.0)).decode(), "declaration": stated}
    answer = asyncio.run(post(app, fields))
    assert answer.status == 400
    assert "内部测试" in answer.error["message"]
    assert not (tmp_path / "references").exists()


def test_what_was_spoken_with_a_recording_is_on_record_and_marked(tmp_path: Path) -> None:
    app = service_app(About(ToneEngine(matching=True), "1", "abc", shared=tmp_path))
    fields = {"input": "好的", "response_format": "wav", "declaration": DECLARATION}
    answer = asyncio.run(post(app, fields | {"reference_audio": base64.b64encode(noise(2.0)).decode()}))
    assert answer.status == 200
    assert "本人录音".encode() in answer.body
    lines = [json.loads(line) for line in next(tmp_path.rglob("*.jsonl")).read_text("utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["reference.admitted", "speech.made"]
    assert lines[1]["fields"]["request"] == answer.headers["x-produce-id"]
