"""The real WebUI with the bundled voice, as programs ask it through gradio_client."""

import json
import urllib.request
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.tts_service.conftest import Running
from tts_service.mark_reading import read_mark

pytestmark = pytest.mark.tts

TEXT = "你好，语音合成服务已经部署完成。"


@dataclass(frozen=True)
class Sound:
    rate: int
    samples: Any

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self.samples))))


def read(path: str) -> Sound:
    with wave.open(path) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        return Sound(file.getframerate(), samples)


@pytest.fixture(scope="session")
def client(webui: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(webui.url, verbose=False, download_files=tmp_path_factory.mktemp("heard"), analytics_enabled=False)
    yield client
    client.close()


def speak(client: Client, text: str, **how: Any) -> tuple[Sound, dict[str, Any]]:
    path, info = client.predict(text=text, api_name="/synthesize", **how)
    return read(path), info


def health(webui: Running) -> dict[str, Any]:
    with urllib.request.urlopen(webui.url + "/healthz", timeout=10) as reply:
        answer: dict[str, Any] = json.load(reply)
        return answer


def test_health_tells_version_commit_engine_and_device(webui: Running) -> None:
    answer = health(webui)
    assert answer["status"] == "ok"
    assert answer["engine"] == "bundled"
    assert answer["device"] in ("cpu", "cuda")
    assert answer["version"]
    assert answer["commit"]


def test_a_text_alone_becomes_speech_with_length_and_loudness(client: Client) -> None:
    sound, info = speak(client, TEXT)
    assert sound.rate == info["sample_rate"]
    assert 22000 <= sound.rate <= 24000
    assert sound.seconds == pytest.approx(info["seconds"], abs=0.01)
    assert 1.5 < sound.seconds < 8
    assert 0.02 < sound.rms < 0.5
    assert np.abs(sound.samples).max() <= 1.0
    assert info["rtf"] > 0
    assert info["text"] == TEXT


def test_two_texts_give_two_sounds_and_one_text_the_same_again(client: Client) -> None:
    first, _ = speak(client, "今天天气很好。")
    again, _ = speak(client, "今天天气很好。")
    other, _ = speak(client, "明天可能下雨。")
    assert np.array_equal(first.samples, again.samples)
    assert first.samples.shape != other.samples.shape or not np.allclose(first.samples, other.samples)


def test_voice_emotion_and_speed_change_the_sound(client: Client, webui: Running) -> None:
    can = health(webui)
    natural, _ = speak(client, TEXT)
    for how in ({"voice": can["voices"][-1]}, {"emotion": can["emotions"][-1]}):
        changed, info = speak(client, TEXT, **how)
        assert info | how == info
        shorter = min(len(changed.samples), len(natural.samples))
        assert not np.allclose(changed.samples[:shorter], natural.samples[:shorter], atol=0.01)
    slow, _ = speak(client, TEXT, speed=0.7)
    fast, _ = speak(client, TEXT, speed=1.5)
    assert fast.seconds < natural.seconds < slow.seconds


def test_a_longer_text_speaks_longer(client: Client) -> None:
    short, _ = speak(client, "你好。")
    long, _ = speak(client, "你好。" * 8)
    assert long.seconds > 4 * short.seconds


def test_digits_and_english_are_spoken_and_what_cannot_be_read_is_named(client: Client) -> None:
    _, info = speak(client, "RTX 4090有24GB显存，かな。")
    assert info["text"] == "RTX四零九零有二十四GB显存。"
    assert info["unreadable"] == ["か", "な"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"text": ""}, "请输入"),
        ({"text": "😀🎉"}, "没有可以朗读的内容"),
        ({"text": ["好"]}, "请输入"),
        ({"text": None}, "请输入"),
        ({"text": "好" * 300_000}, "文字太长"),
        ({"text": "好", "voice": "<img src=x>"}, "没有这个音色：<img src=x>。可选："),
        ({"text": "好", "emotion": "愤怒"}, "没有这个情感"),
        ({"text": "好", "speed": 0}, "语速须在 0.5 到 2.0 之间"),
        ({"text": "好", "speed": 99}, "Speed must lie between"),
        ({"text": "好", "speed": "快"}, "语速须在"),
    ],
)
def test_bad_input_is_refused_with_a_reason_and_the_service_lives(
    client: Client, webui: Running, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError) as refused:
        speak(client, **arguments)
    assert words in str(refused.value)
    assert health(webui)["status"] == "ok"


def test_three_endpoints_are_named_and_nothing_else_is_offered_to_programs(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert isinstance(endpoints, dict)
    assert list(endpoints["named_endpoints"]) == ["/synthesize", "/preview", "/batch"]
    takes = {
        name: [each["parameter_name"] for each in told["parameters"]]
        for name, told in endpoints["named_endpoints"].items()
    }
    assert takes["/synthesize"] == ["text", "voice", "emotion", "speed", "intensity", "seed"]
    assert takes["/preview"] == ["text"]
    assert takes["/batch"] == ["lines", "voice", "emotion", "speed", "intensity", "pause"]


def test_the_weights_came_through_cache_hub(webui: Running) -> None:
    assert list((webui.shared / "cache_hub" / "voices").glob("*/*/manifest.json"))


def test_intensity_and_seed_may_be_given_and_intensity_is_heard(client: Client) -> None:
    flat, info = speak(client, TEXT, emotion="开心", intensity=0.0)
    strong, _ = speak(client, TEXT, emotion="开心", intensity=1.5, seed=3)
    assert info["intensity"] == 0.0
    assert flat.samples.shape != strong.samples.shape or not np.allclose(flat.samples, strong.samples, atol=0.01)
    with pytest.raises(AppError, match=r"情感强度须在 0\.0 到 1\.5"):
        speak(client, TEXT, intensity=9)


def test_the_wav_carries_the_mark_of_synthetic_speech(client: Client) -> None:
    path, _ = client.predict(text="你好。", api_name="/synthesize")
    mark = read_mark(Path(path))
    assert mark is not None
    assert mark.intact


def test_programs_may_ask_how_a_text_will_be_read(client: Client) -> None:
    (segment,) = client.predict(text="重庆的<行|XING2>长。", api_name="/preview")
    assert segment["text"] == "重庆的行长。"
    words = [(word["text"], word["reading"], word["given"]) for word in segment["words"]]
    assert words[0] == ("重庆", "chong2 qing4", False)
    assert ("行", "xing2", True) in words
    with pytest.raises(AppError, match="请输入"):
        client.predict(text="", api_name="/preview")


def test_programs_may_have_many_lines_spoken_at_once(client: Client) -> None:
    lines = '{"text": "你好。"}\n{"text": "再见。", "voice": "云峰", "speed": 1.5}\n{"text": "😀"}'
    archive, joined, subtitles, told = client.predict(lines=lines, pause=0.5, api_name="/batch")
    with zipfile.ZipFile(archive) as packed:
        assert packed.namelist() == ["001.wav", "002.wav", "joined.wav", "subtitles.srt", "lines.jsonl"]
    assert read(joined).seconds == pytest.approx(told[1]["end"], abs=0.01)
    assert told[1]["start"] == pytest.approx(told[0]["end"] + 0.5, abs=0.01)
    assert (told[1]["voice"], told[1]["speed"]) == ("云峰", 1.5)
    assert "没有可以朗读的内容" in told[2]["refused"]
    assert Path(subtitles).read_text(encoding="utf-8").count(" --> ") == 2
    with pytest.raises(AppError, match="第 1 行：没有这个音色"):
        client.predict(lines='{"text": "好", "voice": "谁"}', api_name="/batch")
