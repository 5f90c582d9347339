"""The real server process: it drains on TERM, notices who goes, and pleases OpenAI's own client."""

import contextlib
import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
import openai
import pytest
import soundfile

from tests.support.ports import free_port
from tests.tts_service.conftest import Running

ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Small:
    """The small service: its process, where it answers, and the folder that holds it back."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{self.port}/v1", max_retries=0)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "tts_service" / "small_service.py"), str(port), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        service = Small(process, port, tmp_path)
        try:
            until(lambda: service.get("/healthz")[0] == 200, 180)
            yield service
        finally:
            process.kill()


def test_term_lets_a_running_request_finish_refuses_new_ones_and_ends_with_0(small: Small) -> None:
    heard: list[bytes] = []

    def speak() -> None:
        with small.client() as client:
            heard.append(client.audio.speech.create(model="tts-1", voice="alloy", input="你好").content)

    speaking = Thread(target=speak)
    speaking.start()
    until((small.folder / "inside").exists)
    small.process.send_signal(signal.SIGTERM)
    until(lambda: small.get("/readyz")[0] == 503)
    with small.client() as client, pytest.raises(openai.InternalServerError) as refused:
        client.audio.speech.create(model="tts-1", voice="alloy", input="你好")
    assert refused.value.status_code == 503
    assert refused.value.code == "draining"
    assert small.get("/healthz")[0] == 200
    (small.folder / "go").touch()
    speaking.join(20)
    output, _ = small.process.communicate(timeout=20)
    assert len(heard[0]) > 500
    assert small.process.returncode == 0, output
    assert output.rstrip().endswith("ended by itself")


@dataclass
class Heard:
    """What a client heard, and how many seconds after `since`."""

    since: float
    status: int = 0
    retry_after: str = ""
    code: str = ""
    size: int = 0
    cut: bool = False
    seconds: float = 0.0

    def ask(self, url: str, form: str) -> None:
        fields = {"input": "好" * 1000, "response_format": form}
        try:
            with httpx.stream("POST", url + "/v1/audio/speech", json=fields, timeout=60) as answer:
                self.status, self.retry_after = answer.status_code, answer.headers.get("retry-after", "")
                if answer.status_code != 200:
                    self.code = json.loads(answer.read())["error"]["code"]
                else:
                    for piece in answer.iter_bytes():
                        self.size += len(piece)
        except httpx.RemoteProtocolError:
            self.cut = True
        self.seconds = time.monotonic() - self.since


def crowd(small: Small, forms: list[str]) -> tuple[list[Heard], list[Thread]]:
    """Long requests, the first two of which compute."""
    heard, threads = [], []
    for index, form in enumerate(forms):
        heard.append(Heard(time.monotonic()))
        threads.append(Thread(target=heard[-1].ask, args=(f"http://127.0.0.1:{small.port}", form)))
        threads[-1].start()
        until(partial(inside, small, index + 1))
    return heard, threads


def inside(small: Small, wanted: int) -> bool:
    """Whether that many requests compute or wait."""
    with urllib.request.urlopen(f"http://127.0.0.1:{small.port}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    told = (line.split() for line in lines)
    return sum(float(words[1]) for words in told if words[0] in ("tts_running", "tts_waiting")) == wanted


def test_term_under_load_turns_away_who_waits_at_once_and_who_computes_after_eight_seconds(small: Small) -> None:
    (small.folder / "slow").touch()
    (small.folder / "go").touch()
    heard, threads = crowd(small, ["pcm", "wav", "wav", "pcm", "mp3"])
    until(lambda: heard[0].size > 0)
    small.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    for thread in threads[2:]:
        thread.join(20)
    assert time.monotonic() - asked < 5
    assert [(each.status, each.code) for each in heard[2:]] == [(503, "draining")] * 3
    assert all(int(each.retry_after) > 0 for each in heard[2:])
    assert heard[1].status == 0
    output, _ = small.process.communicate(timeout=20)
    assert 8 <= time.monotonic() - asked < 15
    for thread in threads:
        thread.join(5)
    assert (heard[1].status, heard[1].code) == (503, "draining")
    assert heard[0].status == 200
    assert heard[0].cut, "a sound that is not whole must not look whole"
    assert small.process.returncode == 0
    assert "Traceback" not in output
    assert output.rstrip().endswith("ended by itself")


def test_what_cannot_be_interrupted_ends_with_the_process_within_fifteen_seconds(small: Small) -> None:
    heard, threads = crowd(small, ["mp3"])
    until((small.folder / "inside").exists)
    small.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    output, _ = small.process.communicate(timeout=20)
    assert time.monotonic() - asked < 15
    threads[0].join(5)
    assert (heard[0].status, heard[0].code) == (503, "draining")
    assert small.process.returncode == 0, output


def test_an_idle_service_ends_at_once_with_0(small: Small) -> None:
    small.process.send_signal(signal.SIGTERM)
    assert small.process.wait(10) == 0


def test_a_client_that_hangs_up_frees_its_place(small: Small) -> None:
    body = json.dumps({"input": "好" * 500, "response_format": "pcm"}).encode()
    with socket.create_connection(("127.0.0.1", small.port)) as connection:
        connection.sendall(
            b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        until((small.folder / "inside").exists)
    (small.folder / "go").touch()

    def counted(name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{small.port}/metrics", timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), -1.0)

    until(lambda: counted('tts_requests_total{channel="api",outcome="gone"}') == 1)
    assert counted("tts_running") == 0
    assert counted("tts_speech_seconds_total") < 30


@pytest.fixture
def client(webui: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", base_url=webui.url + "/v1", max_retries=0) as client:
        yield client


@pytest.mark.tts
def test_openais_client_gets_every_format_from_the_real_service(client: openai.OpenAI) -> None:
    text = "你好，语音合成服务已经部署完成。"
    seconds = {}
    for form in ("wav", "flac", "mp3", "opus"):
        answer = client.audio.speech.create(model="tts-1", voice="nova", input=text, response_format=form)
        samples, rate = soundfile.read(io.BytesIO(answer.content))
        assert np.sqrt(np.mean(np.square(samples))) > 0.02
        seconds[form] = len(samples) / rate
    pcm = client.audio.speech.create(model="tts-1", voice="nova", input=text, response_format="pcm").content
    seconds["pcm"] = len(pcm) / 2 / 24000
    assert max(seconds.values()) - min(seconds.values()) < 0.1
    assert 1.5 < seconds["wav"] < 8


@pytest.mark.tts
def test_openais_client_streams_and_takes_our_extensions(client: openai.OpenAI) -> None:
    extensions = {"emotion": "开心", "intensity": 1.2, "seed": 3}
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="云峰", input="今天天气很好。" * 12, response_format="pcm", extra_body=extensions
    ) as answer:
        pieces = list(answer.iter_bytes())
        assert unquote(answer.headers["x-tts-voice"]) == "云峰"
        assert unquote(answer.headers["x-tts-emotion"]) == "开心"
        assert "content-length" not in answer.headers
    assert len(pieces) > 3


@pytest.mark.tts
def test_openais_client_raises_its_own_errors_with_our_words(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="tts-1", voice="周杰伦", input="你好")
    assert refused.value.param == "voice"
    assert "可选：清岚" in str(refused.value)
    with pytest.raises(openai.BadRequestError, match=r"between 0\.5 and 2\.0"):
        client.audio.speech.create(model="tts-1", voice="alloy", input="你好", speed=4.0)
    with pytest.raises(openai.NotFoundError, match="bundled, tts-1"):
        client.audio.speech.create(model="whisper-1", voice="alloy", input="你好")
    assert [model.id for model in client.models.list()][:2] == ["bundled", "tts-1"]


@pytest.mark.tts
def test_the_same_sound_comes_from_the_api_as_from_the_named_endpoint_of_the_page(
    client: openai.OpenAI, webui: Running, tmp_path: Path
) -> None:
    from gradio_client import Client

    page = Client(webui.url, verbose=False, download_files=tmp_path, analytics_enabled=False)
    with contextlib.closing(page):
        result = page.predict(text="端口7860正常。", api_name="/synthesize")
    spoken = client.audio.speech.create(
        model="bundled", voice="清岚", input="端口7860正常。", response_format="wav"
    ).content
    frames = []
    for source in (result[0], io.BytesIO(spoken)):
        with wave.open(source) as file:
            frames.append(np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(int))
    assert len(frames[0]) == len(frames[1])
    assert np.abs(frames[0] - frames[1]).max() <= 1


@pytest.mark.tts
def test_the_real_service_is_ready_because_it_spoke(webui: Running) -> None:
    with urllib.request.urlopen(webui.url + "/readyz", timeout=10) as reply:
        assert json.load(reply)["ready"] is True
