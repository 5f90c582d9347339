"""Controls of the page: 停止 ends what is spoken, gives the slot back, keeps what was made; and the emotion mix."""

import io
import json
import signal
import threading
import time
import wave
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tts_service.browser_seat import DONE, NEEDS_CHROMIUM, Seat, chromium
from tests.tts_service.fuzz import noise
from tests.tts_service.page_process import SmallPage, small_page
from tts_service.app.admission import Admission, Busy, Crowd
from tts_service.app.server import DRAINING, LAST
from tts_service.app.stopping import SPEAK, Door, Runs, Stop, Stopped
from tts_service.audit import audit_file, records

LONG = "字" * 900
"""A minute and a half of the tone engine."""
GONE = 'tts_requests_total{channel="page",outcome="gone"}'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallPage]:
    with small_page(tmp_path_factory.mktemp("shared")) as page:
        yield page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def seat(browser: Any, page: SmallPage) -> Iterator[Seat]:
    seat = Seat(browser, page.url)
    yield seat
    seat.context.close()
    for name in ("hold", "slow", "closed"):
        (page.shared / name).unlink(missing_ok=True)
    assert seat.complaints == []


def idle(page: SmallPage) -> bool:
    return page.figure("tts_running") == page.figure("tts_waiting") == 0


def stop(seat: Seat, page: SmallPage, button: str = "#tts-stop") -> None:
    """Presses the button while the engine holds its breath; it goes on, fast, once the service has heard of it."""
    hold = page.hold()
    seat.page.click(button)
    seat.page.wait_for_selector(f"{button}:disabled")
    (page.shared / "slow").unlink()
    hold.unlink()


@NEEDS_CHROMIUM
def test_stop_ends_a_sound_in_the_making_and_what_was_made_can_still_be_heard(seat: Seat, page: SmallPage) -> None:
    browser_page, before = seat.page, page.figure(GONE)
    page.hold("slow")
    assert browser_page.is_disabled("#tts-stop")
    browser_page.fill("#tts-text textarea", "😀")
    browser_page.click("#tts-speak")
    browser_page.wait_for_selector("text=没有可以朗读的内容")
    browser_page.wait_for_selector("#tts-stop:disabled")  # also after what was refused
    browser_page.fill("#tts-text textarea", LONG)
    browser_page.click("#tts-speak")
    browser_page.wait_for_selector("#tts-audio .tts-playing")
    stop(seat, page)
    browser_page.wait_for_selector("#tts-panel >> text=已停止：保留了停止前合成好的部分")
    assert idle(page)
    assert page.closed.exists()
    assert page.figure(GONE) == before + 1
    browser_page.wait_for_selector(DONE)
    assert browser_page.query_selector("#tts-audio .tts-playing") is None
    seconds = len(seat.sound()) / 22050
    assert 0 < seconds < 60
    browser_page.click("#tts-audio .tts-play")
    browser_page.wait_for_selector("#tts-audio .tts-playing")
    seat.tab("历史")
    assert "中途停止" in browser_page.inner_text("#tts-history .tts-entry >> nth=0")
    seat.tab("合成")
    seat.speak("再说一句。")
    assert "已停止" not in browser_page.inner_text("#tts-panel")


@contextmanager
def no_place(page: SmallPage) -> Iterator[None]:
    """Two others compute as long as the block lasts."""
    hold = page.hold()
    asked = {"input": "字", "response_format": "wav"}
    others = [
        threading.Thread(
            target=httpx.post, args=(page.url + "/v1/audio/speech",), kwargs={"json": asked, "timeout": 60}
        )
        for _ in range(2)
    ]
    for other in others:
        other.start()
    page.until(lambda: page.figure("tts_running") == 2, "nobody speaks")
    yield
    hold.unlink()
    for other in others:
        other.join()


@NEEDS_CHROMIUM
def test_who_waits_at_the_door_and_stops_leaves_the_queue_at_once(seat: Seat, page: SmallPage) -> None:
    with no_place(page):
        seat.page.click("#tts-speak")
        page.until(lambda: page.figure("tts_waiting") == 1, "the page does not wait")
        seat.page.click("#tts-stop")
        seat.page.wait_for_selector("#tts-panel >> text=已停止，还没有合成出声音")
        assert (page.figure("tts_running"), page.figure("tts_waiting")) == (2, 0)
    assert idle(page)


@NEEDS_CHROMIUM
def test_stop_ends_matching_at_the_door_and_on_its_way_and_the_record_tells_of_what_was_made(
    seat: Seat, page: SmallPage, tmp_path: Path
) -> None:
    (tmp_path / "样音.wav").write_bytes(noise(2.0))
    seat.tab("音色匹配")
    for name, said in (("source", "测试程序生成"), ("consent", "没有真人，程序生成")):
        seat.page.fill(f"#tts-{name} textarea, #tts-{name} input", said)
    seat.page.click("#tts-purpose label")
    seat.page.fill("#tts-match-text textarea", LONG)

    def choose_and_match() -> None:
        seat.upload("#tts-reference", tmp_path / "样音.wav")
        seat.page.wait_for_selector("#tts-reference-name >> text=样音.wav")
        seat.page.click("#tts-match")

    with no_place(page):
        choose_and_match()
        page.until(lambda: page.figure("tts_waiting") == 1, "the page does not wait")
        seat.page.click("#tts-match-stop")
        seat.page.wait_for_selector("#tts-match-panel >> text=已停止，还没有合成出声音")
        seat.page.wait_for_selector("#tts-reference-name >> text=录音已收录")
        assert page.figure("tts_waiting") == 0
    pieces = page.figure("tts_first_chunk_seconds_count")
    page.hold("slow")
    choose_and_match()
    page.until(lambda: page.figure("tts_first_chunk_seconds_count") > pieces, "nothing is made")
    stop(seat, page, "#tts-match-stop")
    seat.page.wait_for_selector("#tts-match-panel >> text=已停止：保留了停止前合成好的部分")
    seat.page.wait_for_selector("#tts-match-audio #waveform")
    assert 0 < len(seat.sound("#tts-match-audio")) / 22050 < 60
    assert idle(page)
    kinds = [each.kind for each in records(audit_file(page.shared))]
    assert kinds == ["reference.admitted", "reference.admitted", "speech.made"]


@NEEDS_CHROMIUM
def test_stop_ends_a_batch_after_its_line_and_the_done_lines_can_be_saved(seat: Seat, page: SmallPage) -> None:
    browser_page = seat.page
    seat.tab("批量")
    page.hold("slow")
    browser_page.fill("#tts-batch-lines textarea", "第一行\n" + "第二行" * 100 + "\n第三行\n第四行")
    browser_page.click("#tts-batch-start")
    browser_page.wait_for_selector("#tts-batch-progress >> text=1 / 4")
    browser_page.click("#tts-batch-stop")
    browser_page.wait_for_selector("#tts-batch-stop:disabled")
    (page.shared / "slow").unlink()
    browser_page.wait_for_selector("#tts-batch-progress >> text=已停止，做好的部分可以下载")
    assert browser_page.inner_text("#tts-batch-progress .tts-count") == "2 / 4"
    hrefs = browser_page.eval_on_selector_all("#tts-batch-files a[href]", "links => links.map(link => link.href)")
    archive = next(href for href in hrefs if href.endswith("batch.zip"))
    with zipfile.ZipFile(io.BytesIO(seat.context.request.get(archive).body())) as packed:
        assert packed.namelist() == ["001.wav", "002.wav", "joined.wav", "subtitles.srt", "lines.jsonl"]
        with packed.open("joined.wav") as source, wave.open(source) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(0.3 + 0.4 + 30, abs=0.01)
    assert idle(page)


@NEEDS_CHROMIUM
def test_the_button_stops_the_runs_of_its_own_tab_and_no_other(page: SmallPage, seat: Seat) -> None:
    page.hold("slow")
    told: list[str] = []
    asked = [LONG, "", "清岚", "中性", 1, 1, False, *[0] * 8]
    number = page.clicked("tts-speak")
    other = threading.Thread(target=lambda: told.append(page.queued(number, asked, all_said=True)))
    other.start()
    seat.page.fill("#tts-text textarea", LONG)
    seat.page.click("#tts-speak")
    seat.page.wait_for_selector("#tts-audio .tts-playing")
    page.until(lambda: page.figure("tts_running") == 2, "the other tab does not speak")
    stop(seat, page)
    seat.page.wait_for_selector("#tts-panel >> text=已停止")
    other.join(60)
    assert idle(page)
    assert "时长" in told[0]
    assert "已停止" not in told[0]


def kept(page: SmallPage) -> list[Any]:
    """What the history knows of its sounds, the newest first."""
    files = sorted((page.shared / "run" / "gradio" / "history").rglob("*.json"), key=lambda path: path.name)
    return [json.loads(path.read_text(encoding="utf-8")) for path in reversed(files)]


@NEEDS_CHROMIUM
def test_a_mix_of_emotions_takes_the_place_of_the_buttons_and_comes_back_from_history_and_presets(
    seat: Seat, page: SmallPage
) -> None:
    browser_page = seat.page
    seat.speak("没有混合。")
    assert kept(page)[0]["vector"] is None
    seat.unfold("#tts-mix")
    browser_page.fill("#tts-mix-happy input[type=number]", "0.5")
    browser_page.fill("#tts-mix-surprised input[type=number]", "0.25")
    seat.speak("还是没有混合。")
    assert kept(page)[0]["vector"] is None
    browser_page.check("#tts-mix-used input")
    browser_page.wait_for_selector("#tts-emotion input:disabled")
    seat.speak("混合的情感。")
    assert kept(page)[0]["vector"] == [0.5, 0, 0, 0, 0, 0, 0.25, 0]
    seat.unfold("#tts-presets")
    browser_page.fill("#tts-preset-name textarea, #tts-preset-name input", "混合")
    browser_page.click("#tts-preset-save")
    browser_page.wait_for_function("document.querySelector('#tts-preset input').value === '★ 混合'")
    browser_page.reload()
    browser_page.wait_for_selector("#tts-reading .tts-word")
    seat.tab("历史")
    entry = browser_page.locator("#tts-history .tts-entry").first
    entry.wait_for()
    assert "情绪混合" in entry.inner_text()
    entry.locator(".tts-refill").click()
    browser_page.wait_for_selector("#tts-speak", state="visible")
    browser_page.wait_for_selector("#tts-emotion input:disabled")
    seat.unfold("#tts-mix")
    assert browser_page.input_value("#tts-mix-surprised input[type=number]") == "0.25"
    browser_page.uncheck("#tts-mix-used input")
    browser_page.wait_for_selector("#tts-emotion input:enabled >> nth=0")
    browser_page.click("#tts-preset input")
    browser_page.get_by_role("option", name="★ 混合").click()
    browser_page.wait_for_selector("#tts-emotion input:disabled")
    assert browser_page.is_checked("#tts-mix-used input")


@pytest.mark.parametrize("values", [[2, *[0] * 7], [0] * 7, ["x", *[0] * 7], [None] * 8])
def test_a_mix_that_no_slider_gives_is_refused_in_the_words_of_the_api(page: SmallPage, values: list[Any]) -> None:
    answer = page.queued(page.clicked("tts-speak"), ["你好", "", "清岚", "中性", 1, 1, True, *values])
    if len(values) == 8:
        assert "情感向量须为 8 个 0 到 1 之间的数" in answer
    assert '"success":true' not in answer
    assert idle(page)


@NEEDS_CHROMIUM
@pytest.mark.parametrize("speaking", [False, True])
def test_an_open_tab_does_not_keep_the_service_from_ending_when_it_is_told_to(
    browser: Any, tmp_path: Path, speaking: bool
) -> None:
    with small_page(tmp_path) as page:
        seat = Seat(browser, page.url)
        if speaking:
            page.hold("slow")
            seat.page.fill("#tts-text textarea", LONG)
            seat.page.click("#tts-speak")
            seat.page.wait_for_selector("#tts-audio .tts-playing")
        page.process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert page.process.wait(60) == 0
        took = time.monotonic() - begun
        seat.context.close()
    assert took < LAST + 4 if speaking else took < DRAINING


def test_the_door_lets_in_turns_away_and_lets_go_who_stops() -> None:
    admission = Admission(slots=1, waiting=1, patience=20)
    door, stop = Door(admission), Stop()
    told: list[str] = []

    def wait() -> None:
        try:
            with door.enter(stop):
                told.append("inside")
        except Stopped:
            told.append("stopped")

    with door.enter(Stop()):
        assert admission.crowd == Crowd(1, 0)
        waiting = threading.Thread(target=wait)
        waiting.start()
        while admission.crowd != Crowd(1, 1):
            pass
        with pytest.raises(Busy), door.enter(Stop()):
            pass
        stop.ask()
        waiting.join(10)
        assert told == ["stopped"]
        assert admission.crowd == Crowd(1, 0)
    with pytest.raises(Stopped), door.enter(stop):
        pass
    with door.enter(Stop()):
        assert admission.crowd == Crowd(1, 0)


def test_a_run_is_stopped_by_its_tab_and_kind_alone() -> None:
    runs = Runs()
    with runs.begin("tab", SPEAK) as mine, runs.begin("other", SPEAK) as other, runs.begin(None, SPEAK) as nobodys:
        assert not runs.stop("tab", "batch")
        assert not runs.stop(None, SPEAK)
        assert runs.stop("tab", SPEAK)
        assert (mine.asked, other.asked, nobodys.asked) == (True, False, False)
    assert not runs.stop("tab", SPEAK)
