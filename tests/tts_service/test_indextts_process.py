"""IndexTTS in a process of its own: started from its folder, helped over lack of memory and crashes, ended."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import indextts_small, indextts_standin
from tts_service.engines.base import Declaration, EngineFailed, Reference, SynthesisRequest
from tts_service.engines.indextts import IndexTTSEngine
from tts_service.engines.indextts_failures import UpstreamFailed
from tts_service.engines.indextts_process import Checkout, Worker, build_command
from tts_service.engines.indextts_upstream import IndexTTSSettings
from tts_service.service_process import start_ticks

SENTENCE = "今天天气很好，我们一起出去走走吧。"


@dataclass
class Bench:
    """A checkout with the small server as its ``webui.py``, and a shared folder."""

    checkout: Path
    shared: Path
    said: list[str] = field(default_factory=list)
    engines: list[IndexTTSEngine] = field(default_factory=list)

    def engine(self, **settings: Any) -> IndexTTSEngine:
        checkout = Checkout(self.checkout, low_memory=settings.get("low_memory", False))
        settings = {"patience": 20.0, "loading": 20.0, **settings}
        engine = IndexTTSEngine(self.shared, IndexTTSSettings(checkout=checkout, **settings), say=self.said.append)
        self.engines.append(engine)
        return engine

    def mode(self, **told: Any) -> None:
        (self.checkout / "mode.json").write_text(json.dumps(told), encoding="utf-8")

    def starts(self) -> list[dict[str, Any]]:
        file = self.checkout / "starts.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def request(self, text: str = SENTENCE * 6) -> SynthesisRequest:
        path = self.shared / "voice.wav"
        indextts_standin.tone(path, 2.0, 300)
        return SynthesisRequest(
            text, reference=Reference(path, Declaration("自己录音", "本人同意", "内部测试"), "cd" * 32)
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    checkout, shared = tmp_path / "index tts", tmp_path / "共享"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    shutil.copy(indextts_small.__file__, checkout / "webui.py")
    shared.mkdir()
    made = Bench(checkout, shared)
    yield made
    for engine in made.engines:
        engine.close()
    for start in made.starts():
        assert start_ticks(start["pid"]) is None


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_started_with_its_own_python_and_flags_and_ended_with_the_engine(bench: Bench) -> None:
    engine = bench.engine()
    engine.load()
    (start,) = bench.starts()
    assert start["argv"][0] == "--port"
    assert start["argv"][2:] == ["--host", "127.0.0.1", "--version", "2.5"]
    assert "127.0.0.1" in start["proxy"]
    speech = engine.synthesize(bench.request("你好"))
    assert speech.seconds > 0
    assert speech.measures == ()
    assert engine.health().ok
    assert ">> GPT weights restored" in (bench.shared / "logs" / "indextts.log").read_text()
    engine.close()
    assert start_ticks(start["pid"]) is None
    assert not (bench.shared / "run" / "indextts.pid").exists()


def test_when_memory_runs_out_a_fresh_process_gets_shorter_texts(bench: Bench) -> None:
    bench.mode(above=40)
    engine = bench.engine()
    engine.load()
    speech = engine.synthesize(bench.request())
    assert speech.measures == ("freed cache", "short segments")
    assert [("--fp16" in start["argv"]) for start in bench.starts()] == [False, False]
    assert engine.health().measures == ("freed cache", "short segments")
    again = engine.synthesize(bench.request())
    assert again.measures == ()
    assert len(bench.starts()) == 2


def test_when_short_texts_are_too_long_as_well_half_precision_helps(bench: Bench) -> None:
    bench.mode(above=0, unless_half=True)
    engine = bench.engine()
    engine.load()
    speech = engine.synthesize(bench.request(SENTENCE))
    assert speech.measures == ("freed cache", "short segments", "half precision")
    assert [("--fp16" in start["argv"]) for start in bench.starts()] == [False, False, True]
    assert engine.health().precision == "float16"


def test_when_nothing_helps_it_gives_up_with_the_cause(bench: Bench) -> None:
    bench.mode(above=0)
    engine = bench.engine()
    engine.load()
    with pytest.raises(EngineFailed, match=r"GPU's memory ran out.*--low-memory.*Tried to allocate"):
        engine.synthesize(bench.request("你好"))


def test_low_memory_begins_short_and_in_half_precision(bench: Bench) -> None:
    bench.mode(above=40)
    engine = bench.engine(low_memory=True)
    engine.load()
    assert "--fp16" in bench.starts()[0]["argv"]
    assert engine.synthesize(bench.request()).measures == ()


def test_after_a_device_side_assert_a_new_process_says_it_again(bench: Bench) -> None:
    engine = bench.engine()
    engine.load()
    bench.mode(log="RuntimeError: CUDA error: device-side assert triggered", once=True)
    assert engine.synthesize(bench.request("你好")).seconds > 0
    assert len(bench.starts()) == 2


def test_after_a_crash_a_new_process_says_it_again(bench: Bench) -> None:
    engine = bench.engine()
    engine.load()
    bench.mode(crash=True, once=True)
    assert engine.synthesize(bench.request("你好")).seconds > 0
    assert len(bench.starts()) == 2


def test_a_process_that_died_while_nobody_spoke_is_started_again_when_asked_how_it_is(bench: Bench) -> None:
    engine = bench.engine()
    engine.load()
    os.kill(bench.starts()[0]["pid"], 9)
    eventually(lambda: not engine.health().ok)
    eventually(lambda: engine.health().ok)
    assert len(bench.starts()) == 2


def test_of_many_who_find_it_dead_one_starts_it(bench: Bench) -> None:
    engine = bench.engine()
    engine.load()
    os.kill(bench.starts()[0]["pid"], 9)
    with ThreadPoolExecutor(6) as pool:
        speeches = list(pool.map(lambda _: engine.synthesize(bench.request("你好")), range(6)))
        healths = [pool.submit(engine.health) for _ in range(6)]
    assert all(speech.seconds > 0 for speech in speeches)
    assert all(health.result().ok for health in healths)
    assert len(bench.starts()) == 2


def test_a_process_that_hangs_is_replaced_and_not_asked_meanwhile(bench: Bench) -> None:
    engine = bench.engine(patience=0.5)
    engine.load()
    bench.mode(hang=True, once=True)
    with pytest.raises(EngineFailed, match=r"did not finish within .*TTS_INDEXTTS_PATIENCE"):
        engine.synthesize(bench.request("你好"))
    assert not engine.health().ok
    eventually(lambda: engine.health().ok)
    assert len(bench.starts()) == 2
    assert engine.synthesize(bench.request("你好")).seconds > 0


def test_it_is_not_started_for_ever(bench: Bench) -> None:
    bench.mode(die="IndentationError: unexpected indent")
    engine = bench.engine()
    for _ in range(4):
        with pytest.raises(EngineFailed, match="ended while it was loading"):
            engine.load()
    with pytest.raises(EngineFailed, match="started 4 times in 15 minutes and is left alone"):
        engine.load()
    assert len(bench.starts()) == 4
    assert not engine.health().ok


@pytest.mark.parametrize(
    ("log", "remedy"),
    [
        (
            "Failed to download model to ./checkpoints (still missing: gpt.pth).",
            "weights are missing",
        ),
        ("RuntimeError: PytorchStreamReader failed reading zip archive", "a weights file is cut off: fetch it again"),
        ("OSError: Cannot find empty port in range: 7860-7860.", "its port is taken"),
        ("ModuleNotFoundError: No module named 'transformers'", "run uv sync"),
        ("torch.OutOfMemoryError: CUDA out of memory.", "memory ran out"),
        ("CUDA error: no kernel image is available for execution on the device", "not built for this GPU"),
    ],
)
def test_a_start_that_fails_says_why(bench: Bench, log: str, remedy: str) -> None:
    bench.mode(die=log)
    with pytest.raises(EngineFailed, match=remedy):
        bench.engine().load()


def test_a_start_that_takes_too_long_is_ended(bench: Bench) -> None:
    bench.mode(mute=True)
    with pytest.raises(EngineFailed, match=r"did not open its port within 1 s"):
        bench.engine(loading=1.0).load()


def test_closing_while_it_loads_does_not_wait_for_it(bench: Bench) -> None:
    bench.mode(mute=True)
    worker = Worker(Checkout(bench.checkout), bench.shared, patience=60, say=bench.said.append)
    failed: list[UpstreamFailed] = []

    def load() -> None:
        try:
            worker.ensure()
        except UpstreamFailed as error:
            failed.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    eventually(lambda: len(bench.starts()) == 1)
    begun = time.monotonic()
    worker.close()
    thread.join()
    assert time.monotonic() - begun < 10
    assert len(failed) == 1


def test_a_process_left_behind_by_a_killed_service_is_ended_first(bench: Bench) -> None:
    command = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import os;"
        "from tts_service.engines.indextts_process import Checkout, Worker;"
        "Worker(Checkout(Path(sys.argv[2])), Path(sys.argv[3]), patience=20).ensure(); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", command, str(root), str(bench.checkout), str(bench.shared)], check=False)
    (left,) = bench.starts()
    assert start_ticks(left["pid"]) is not None
    bench.engine().load()
    assert start_ticks(left["pid"]) is None
    assert any("left behind" in line for line in bench.said)


def test_flags_follow_what_the_checkout_understands(tmp_path: Path) -> None:
    page = tmp_path / "webui.py"
    page.write_text('parser.add_argument("--port", type=int)\nparser.add_argument("--fp16", action="store_true")\n')
    assert build_command(Checkout(tmp_path, "2"), 7000, half=True) == [
        "uv", "run", "webui.py", "--port", "7000", "--host", "127.0.0.1", "--fp16"
    ]  # fmt: skip
    assert build_command(Checkout(tmp_path, "2", weights=Path("/w")), 7000, half=False)[-2:] == ["--model_dir", "/w"]
    with pytest.raises(UpstreamFailed, match="knows version 2 alone"):
        build_command(Checkout(tmp_path, "2.5"), 7000, half=False)
    page.write_text("parser.add_argument('--server_port', '--server-port')\nparser.add_argument('--version')\n")
    assert build_command(Checkout(tmp_path, "2"), 7000, half=True)[3:] == [
        "--server_port", "7000", "--host", "127.0.0.1", "--version", "2"
    ]  # fmt: skip


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"is no checkout of IndexTTS.*TTS_INDEXTTS_DIR"):
        Worker(Checkout(tmp_path), tmp_path, say=lambda _: None).ensure()
