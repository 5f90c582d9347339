"""What answers in IndexTTS's place is not trusted: every bad reply is a failure with a cause and a remedy."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import indextts_small, indextts_standin
from tests.support.ports import free_port
from tts_service.engines.base import Declaration, EngineFailed, Reference, SynthesisRequest
from tts_service.engines.indextts import IndexTTSEngine
from tts_service.engines.indextts_app import decode_wav
from tts_service.engines.indextts_failures import Kind, UpstreamFailed, explain
from tts_service.engines.indextts_form import read_form
from tts_service.engines.indextts_upstream import IndexTTSSettings


class Server:
    """The small server as a page that somebody else runs."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        path = folder / "voice.wav"
        indextts_standin.tone(path, 2.0, 300)
        self.reference = Reference(path, Declaration("自己录音", "本人同意", "内部测试"), "ef" * 32)

    def mode(self, **told: Any) -> None:
        (self.folder / "mode.json").write_text(json.dumps(told), encoding="utf-8")

    def engine(self, patience: float = 20.0) -> IndexTTSEngine:
        return IndexTTSEngine(self.folder, IndexTTSSettings(url=self.url, patience=patience), say=lambda _: None)

    def fails(self, text: str = "你好") -> UpstreamFailed:
        """Loads and speaks; gives the failure."""
        engine = self.engine()
        engine.load()
        with pytest.raises(UpstreamFailed) as caught:
            engine.synthesize(SynthesisRequest(text, reference=self.reference))
        return caught.value


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder, port = tmp_path_factory.mktemp("replies"), free_port()
    shutil.copy(indextts_small.__file__, folder / "webui.py")
    command = [sys.executable, str(folder / "webui.py"), "--port", str(port), "--host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env={"NO_PROXY": "127.0.0.1"})
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
    yield folder, port
    running.kill()
    running.wait()


@pytest.fixture
def server(process: tuple[Path, int]) -> Iterator[Server]:
    folder, port = process
    yield Server(folder, port)
    (folder / "mode.json").unlink(missing_ok=True)


HTML = "<!doctype html><html><body>Welcome to nginx!</body></html>"


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({"status": 200, "route": "/upload", "body": HTML}, Kind.OTHER, "answers no JSON but '<!doctype"),
        ({"status": 200, "route": "/upload", "body": "[]"}, Kind.OTHER, r"its answer to an upload is '\[\]'"),
        (
            {"status": 413, "route": "/upload", "body": "too large"},
            Kind.OTHER,
            "with status 413: 'too large'; see its log",
        ),
        (
            {"status": 500, "route": "/call", "body": "Internal Server Error"},
            Kind.OTHER,
            "with status 500.*see its log",
        ),
        ({"status": 404, "route": "/call", "body": "{}"}, Kind.OTHER, "gen_single is not there.*TTS_INDEX"),
        (
            {"status": 401, "route": "/call", "body": "{}"},
            Kind.OTHER,
            r"asks for a login \(status 401\): start it without",
        ),
        ({"status": 200, "route": "/call", "body": '{"id": 5}'}, Kind.OTHER, "its answer to a call"),
        (
            {"status": 503, "route": "/call", "body": '{"detail":"Queue is full. Max size is 20 and size is 20."}'},
            Kind.BUSY,
            "takes no more requests: .*Queue is full.*try again later",
        ),
        ({"result": []}, Kind.OTHER, "made no sound"),
        ({"result": [{"__type__": "update", "value": None}]}, Kind.OTHER, "made no sound"),
        ({"result": [{"path": 7}]}, Kind.OTHER, "made no sound"),
        ({"status": 200, "route": "/file=", "body": HTML}, Kind.OTHER, "can't be read.*begins with '<!doctype"),
        ({"status": 200, "route": "/file=", "body": ""}, Kind.OTHER, "sound can't be read"),
        ({"status": 404, "route": "/file=", "body": ""}, Kind.OTHER, "is not there"),
        ({"cut": True}, Kind.OTHER, r"the sound came cut off \(\d+ bytes\).*disk full"),
        ({"short": True}, Kind.OTHER, r"sound is cut off: \d+ of \d+ bytes"),
        ({"log": "ValueError: no"}, Kind.UNTOLD, "the reason stands in the log of its process alone"),
    ],
)
def test_a_bad_reply_is_a_failure_that_says_what_to_do(
    server: Server, told: dict[str, Any], kind: Kind, words: str
) -> None:
    server.mode(**told)
    failed = server.fails()
    assert failed.kind is kind
    assert re.search(words, str(failed), re.DOTALL), failed


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"status": 200, "route": "/config", "body": HTML}, "answers no JSON"),
        ({"status": 200, "route": "/config", "body": "[1]"}, "answers with no object"),
        ({"status": 200, "route": "/info", "body": '{"named_endpoints": {"/predict": {}}}'}, "no endpoint gen_single"),
        ({"status": 200, "route": "/config", "body": '{"api_prefix": "http://elsewhere"}'}, "is not there"),
        ({"status": 502, "route": "/info", "body": "Bad Gateway"}, "status 502"),
    ],
)
def test_a_page_that_is_not_indextts_is_not_loaded(server: Server, told: dict[str, Any], words: str) -> None:
    server.mode(**told)
    engine = server.engine()
    with pytest.raises(EngineFailed, match=words):
        engine.load()
    health = engine.health()
    assert not health.ok
    assert health.detail


def test_a_page_that_hangs_is_given_up_and_left_alone_for_a_while(server: Server) -> None:
    engine = server.engine(patience=0.3)
    engine.load()
    server.mode(hang=True)
    with pytest.raises(EngineFailed, match="did not finish within"):
        engine.synthesize(SynthesisRequest("你好", reference=server.reference))
    assert engine.health().detail == "IndexTTS did not come to an end of its last call"


def test_nobody_at_the_address_is_told_with_the_address(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(EngineFailed, match=f"IndexTTS at {url} is not reachable"):
        IndexTTSEngine(tmp_path, IndexTTSSettings(url=url), say=lambda _: None).load()


def test_the_latest_known_failure_of_a_log_counts() -> None:
    log = "CUDA out of memory. Tried 2 GiB\n>> done\nRuntimeError: CUDA error: device-side assert triggered\nmore"
    failed = explain(log)
    assert failed is not None
    assert failed.kind is Kind.BROKEN
    assert "it says: RuntimeError: CUDA error: device-side assert triggered" in str(failed)
    assert explain(">> RTF: 0.2065") is None


@pytest.mark.parametrize(
    ("log", "remedy"),
    [
        ("soundfile.LibsndfileError: Error opening '/tmp/gradio/x.wav': Format not recognised.", "hand in a wav"),
        ("AssertionError: assert offset + size < self.max_len", "at most 15 seconds"),
        ("RuntimeError: probability tensor contains either `inf`, `nan` or element < 0", "without --fp16"),
        (
            "ValueError: The following `model_kwargs` are not used by the model: ['duration_factor'] (note: typos)",
            "run 2.5, or for version 2 the tag v2.0.0",
        ),
    ],
)
def test_what_a_log_tells_has_a_remedy(log: str, remedy: str) -> None:
    failed = explain(f"Traceback (most recent call last):\n  File x\n{log}\n>> next")
    assert failed is not None
    assert failed.kind is Kind.OTHER
    assert remedy in str(failed)


def test_stereo_becomes_mono_and_other_widths_are_refused(tmp_path: Path) -> None:
    for channels, width in ((2, 2), (1, 1), (1, 3)):
        with wave.open(str(tmp_path / f"{channels}{width}.wav"), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(width)
            file.setframerate(24000)
            file.writeframes(bytes(channels * width * 100))
    samples, rate = decode_wav((tmp_path / "22.wav").read_bytes())
    assert (samples.shape, rate) == ((100,), 24000)
    for name in ("11", "13"):
        with pytest.raises(UpstreamFailed, match="16-bit wav is expected"):
            decode_wav((tmp_path / f"{name}.wav").read_bytes())


def test_inputs_without_known_names_are_known_by_their_labels() -> None:
    labels = ["Emotion control method", "Voice Reference", "Text"]
    labels += ["Happy", "Angry", "Sad", "Afraid", "Disgusted", "Melancholic", "Surprised", "Calm"]
    listed = [
        {
            "label": label,
            "parameter_name": f"param_{index}",
            "parameter_default": None,
            "type": {"enum": ["a", "b", "c"] if not index else []},
        }
        for index, label in enumerate(labels)
    ]
    config = {
        "dependencies": [{"api_name": "gen_single", "inputs": list(range(len(labels)))}],
        "components": [{"id": index, "type": "textbox"} for index in range(len(labels))],
    }
    form = read_form(config, {"named_endpoints": {"/gen_single": {"parameters": listed}}}, "")
    assert [item.name for item in form.inputs if item] == [
        "emo_control_method", "prompt", "text", *(f"vec{index}" for index in range(1, 9))
    ]  # fmt: skip
    with pytest.raises(UpstreamFailed, match="lacks vec8"):
        read_form(config, {"named_endpoints": {"/gen_single": {"parameters": listed[:-1]}}}, "")
