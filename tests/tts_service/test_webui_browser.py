"""The page as a person uses it: a real Chromium on the real service, no error in its console, nothing from outside."""

import io
import re
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tts_service.browser_seat import DONE, NEEDS_CHROMIUM, Seat, chromium
from tests.tts_service.conftest import Running

pytestmark = [pytest.mark.tts, NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def seat(browser: Any, webui: Running) -> Iterator[Seat]:
    seat = Seat(browser, webui.url)
    yield seat
    seat.context.close()
    assert seat.outside() == []
    assert seat.complaints == []


def test_a_text_is_spoken_with_waveform_figures_and_a_wav_to_save(seat: Seat) -> None:
    page = seat.page
    page.click("#tts-voice label:nth-child(2)")
    seat.speak("端口7860，<b>你好</b>。")
    page.wait_for_selector("#tts-panel .tts-figures")
    panel = page.inner_text("#tts-panel")
    assert "端口七八六零" in panel
    assert all(word in panel for word in ("时长", "RTF", "首包"))
    status = page.inner_text("#tts-status")
    assert all(word in status for word in ("设备", "内存", "版本", "提交", "正常"))
    assert re.search(r"\d+ MB", status)
    assert len(seat.sound()) > 22050
    drawn = page.evaluate(
        "() => { const c = document.querySelector('#tts-audio #waveform');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value > 0); }"
    )
    assert drawn


def test_what_cannot_be_spoken_is_refused_in_the_engines_words(seat: Seat) -> None:
    seat.page.fill("#tts-text textarea", "😀")
    seat.page.click("#tts-speak")
    seat.page.wait_for_selector("text=没有可以朗读的内容")


def test_emotion_and_its_intensity_change_what_is_heard(seat: Seat) -> None:
    page = seat.page
    page.get_by_text("开心", exact=True).click()
    page.fill("#tts-intensity input[type=number]", "0")
    seat.speak("今天天气很好。")
    flat = seat.sound()
    page.fill("#tts-intensity input[type=number]", "1.5")
    seat.speak()
    strong = seat.sound()
    assert flat.shape != strong.shape or not np.allclose(flat, strong, atol=300)


def test_a_corrected_reading_stands_in_the_text_and_is_what_is_spoken(seat: Seat) -> None:
    page = seat.page
    seat.speak("重庆的行长在这里。")
    before = seat.sound()
    word = page.locator("#tts-reading .tts-word", has_text="行长")
    word.wait_for()
    assert word.locator("i").inner_text() == "hang2 zhang3"
    word.click()
    page.fill("#tts-reading .tts-edit input", "xing2 chang2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tts-reading .tts-given")
    assert page.input_value("#tts-text textarea") == "重庆的<行长|XING2 CHANG2>在这里。"
    assert page.inner_text("#tts-reading .tts-given i") == "xing2 chang2"
    seat.speak()
    after = seat.sound()
    assert before.shape != after.shape or not np.allclose(before, after, atol=300)


def test_a_wrong_reading_is_refused_and_the_text_stays(seat: Seat) -> None:
    page = seat.page
    page.click("#tts-reading .tts-word >> nth=0")
    page.fill("#tts-reading .tts-edit input", "xyz9")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=不是可用的读音")
    assert "<" not in page.input_value("#tts-text textarea")


def test_a_long_text_is_heard_while_it_is_still_being_made(seat: Seat) -> None:
    page = seat.page
    page.fill("#tts-text textarea", "这是一个比较长的句子，用来看看声音是不是一边合成一边播放的。" * 8)
    page.click("#tts-speak")
    page.wait_for_selector("#tts-audio .tts-player[data-begun=live]")  # what plays is not the whole yet
    page.wait_for_selector(DONE)
    assert int(page.get_attribute("#tts-audio .tts-player", "data-pieces")) >= 2
    assert any(url.endswith(".pcm") for url in seat.asked)
    page.click("#tts-audio .tts-play")
    page.wait_for_selector("#tts-audio .tts-player:not(.tts-playing)")


def test_a_batch_gives_one_wav_a_line_one_joined_wav_and_subtitles(seat: Seat, tmp_path: Path) -> None:
    page = seat.page
    seat.tab("批量")
    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        '{"text": "第一句。"}\n{"text": "第二句！", "emotion": "开心", "voice": "云峰"}\n{"text": "😀"}\n',
        encoding="utf-8",
    )
    seat.upload("#tts-batch-upload", lines)
    page.wait_for_function("document.querySelector('#tts-batch-lines textarea').value.includes('第二句')")
    page.click("#tts-batch-start")
    page.wait_for_selector("#tts-batch-files a[href]")
    assert page.inner_text("#tts-batch-progress .tts-count") == "3 / 3"
    assert "没有可以朗读的内容" in page.inner_text("#tts-batch-progress .tts-left-out")
    hrefs = page.eval_on_selector_all("#tts-batch-files a[href]", "links => links.map(link => link.href)")
    archive, joined, subtitles = (
        next(href for href in hrefs if href.endswith(end)) for end in ("batch.zip", "joined.wav", "subtitles.srt")
    )
    content = seat.context.request.get(archive).body()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == ["001.wav", "002.wav", "joined.wav", "subtitles.srt", "lines.jsonl"]
        lengths = []
        for name in ("001.wav", "002.wav", "joined.wav"):
            with packed.open(name) as source, wave.open(source) as file:
                lengths.append(file.getnframes() / file.getframerate())
    assert lengths[2] == pytest.approx(lengths[0] + 0.4 + lengths[1], abs=0.01)
    told = seat.context.request.get(subtitles).text()
    second = re.findall(r"(\d\d):(\d\d):(\d\d),(\d{3}) -->", told)[1]
    assert int(second[2]) + int(second[3]) / 1000 == pytest.approx(lengths[0] + 0.4, abs=0.005)
    assert joined.startswith(seat.url)


def test_a_bad_line_is_named_before_the_batch_begins(seat: Seat) -> None:
    seat.tab("批量")
    seat.page.fill("#tts-batch-lines textarea", '{"text": "好"}\n{"text": "好", "voice": "谁"}')
    seat.page.click("#tts-batch-start")
    seat.page.wait_for_selector("text=第 2 行：没有这个音色")


def test_a_word_of_the_lexicon_is_read_so_at_once(seat: Seat, webui: Running) -> None:
    page = seat.page
    seat.speak("盖聂来了。")
    before = seat.sound()
    seat.tab("词典")
    page.fill("#tts-word textarea, #tts-word input", "盖聂")
    page.fill("#tts-word-reading textarea, #tts-word-reading input", "ge3 xyz")
    page.click("#tts-word-add")
    page.wait_for_selector("text=不是可用的读音")
    page.fill("#tts-word-reading textarea, #tts-word-reading input", "ba4 ba4")
    page.click("#tts-word-add")
    page.wait_for_selector("text=已保存，立即生效")
    assert "盖聂  ba4 ba4" in (webui.shared / "lexicon.txt").read_text(encoding="utf-8")
    seat.tab("合成")
    page.fill("#tts-text textarea", "盖聂来了！")
    page.wait_for_selector("#tts-reading .tts-word i:text-is('ba4 ba4')")
    seat.speak("盖聂来了。")
    after = seat.sound()
    assert before.shape != after.shape or not np.allclose(before, after, atol=300)
    seat.tab("词典")
    page.fill("#tts-lexicon textarea", "盖聂")
    page.click("#tts-lexicon-save")
    page.wait_for_selector("text=第 1 行不能用")
    page.fill("#tts-lexicon textarea", "")
    page.click("#tts-lexicon-save")
    page.wait_for_selector("#tts-lexicon-told >> text=0 个词")


def test_history_shows_the_own_sounds_and_fills_the_form_again(seat: Seat, browser: Any) -> None:
    page = seat.page
    page.get_by_text("云峰", exact=True).click()
    seat.speak("历史里的一句话。")
    page.fill("#tts-text textarea", "别的文字。")
    page.get_by_text("清岚", exact=True).click()
    page.reload()
    page.wait_for_selector("#tts-reading .tts-word")
    seat.tab("历史")
    entry = page.locator("#tts-history .tts-entry").first
    entry.wait_for()
    assert "历史里的一句话。" in entry.inner_text()
    entry.locator(".tts-replay").click()
    page.wait_for_selector("#tts-replay .tts-player[data-state=done]")
    assert len(seat.sound("#tts-replay")) > 22050
    entry.locator(".tts-refill").click()
    page.wait_for_selector("#tts-speak", state="visible")
    page.wait_for_function("document.querySelector('#tts-text textarea').value === '历史里的一句话。'")
    page.wait_for_selector("#tts-voice label.selected >> text=云峰")

    stranger = Seat(browser, seat.url)
    stranger.tab("历史")
    stranger.page.wait_for_selector("text=还没有记录")
    stranger.context.close()

    seat.tab("历史")
    page.click("#tts-history-clear")
    page.wait_for_selector("text=还没有记录")


def test_a_preset_sets_all_controls_and_an_own_one_survives_a_reload(seat: Seat) -> None:
    page = seat.page
    page.click("#tts-preset input")
    page.get_by_role("option", name="睡前故事").click()
    page.wait_for_selector("#tts-voice label.selected >> text=若溪")
    page.wait_for_selector("#tts-emotion label.selected >> text=温柔")
    assert page.input_value("#tts-speed input[type=number]") == "0.85"
    seat.unfold("#tts-presets")
    page.fill("#tts-preset-name textarea, #tts-preset-name input", "我的")
    page.click("#tts-preset-save")
    page.wait_for_function("document.querySelector('#tts-preset input').value === '★ 我的'")
    page.reload()
    page.wait_for_selector("#tts-reading .tts-word")
    page.click("#tts-preset input")
    page.get_by_role("option", name="★ 我的").click()
    page.wait_for_selector("#tts-voice label.selected >> text=若溪")


def spoken_wav(path: Path) -> Path:
    """Two seconds of something like a voice: a buzz whose loudness goes up and down."""
    time = np.arange(2 * 22050) / 22050
    buzz = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    samples = np.round(6000 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))).clip(-32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes(samples.tobytes())
    return path


def test_matching_is_refused_without_a_declaration_and_works_with_one(
    seat: Seat, webui: Running, tmp_path: Path
) -> None:
    page = seat.page
    seat.tab("音色匹配")
    assert "不是声音克隆" in page.inner_text(".tts-notice")
    page.click("#tts-match")
    page.wait_for_selector("text=请先选择参考录音")
    seat.upload("#tts-reference", spoken_wav(tmp_path / "我的录音.wav"))
    page.wait_for_selector("#tts-reference-name >> text=我的录音.wav")
    page.click("#tts-match")
    page.wait_for_selector("text=请声明来源")
    page.fill("#tts-source textarea, #tts-source input", "测试程序生成的声音")
    page.fill("#tts-consent textarea, #tts-consent input", "没有真人，程序生成")
    page.click("#tts-match")
    page.wait_for_selector("text=参考音频只能用于")
    assert not (webui.shared / "audit" / "audit.jsonl").exists()
    page.click("#tts-purpose label")
    page.fill("#tts-match-text textarea", "你好。")
    page.click("#tts-match")
    page.wait_for_selector("#tts-match-audio #waveform")
    wav = seat.fetch(page.get_attribute("#tts-match-audio .tts-save", "href"))
    assert "测试程序生成的声音".encode() in wav
    audit = (webui.shared / "audit" / "audit.jsonl").read_text(encoding="utf-8")
    assert "reference.admitted" in audit
    assert "speech.made" in audit


def test_the_page_speaks_english_when_asked(seat: Seat) -> None:
    seat.page.click(".tts-language")
    seat.page.wait_for_url("**/en")
    seat.page.close()
    seat.page = page = seat.open("/?lang=en")
    page.wait_for_url("**/en")
    page.wait_for_selector("#tts-reading .tts-word")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_text("Happy", exact=True).click()
    seat.speak("Hello, 你好。")
    page.wait_for_selector("#tts-panel >> text=Read as")
    page.fill("#tts-text textarea", "😀")
    page.click("#tts-speak")
    page.wait_for_selector("text=There is nothing to read aloud")
    for name in ("Batch", "Lexicon", "History", "Matching", "Speak"):
        seat.tab(name)
    left = page.evaluate(
        "() => [...document.querySelectorAll('button, label, .tts-status, .tts-head h1, .tts-head p, .tts-foot')]"
        ".filter(e => !e.closest('.tts-language, #tts-reading, #tts-examples, textarea'))"
        ".map(e => e.innerText).filter(text => /[\\u4e00-\\u9fff]/.test(text))"
    )
    assert left == []


@pytest.mark.parametrize("path", ["", "/en"])
def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Any, webui: Running, path: str) -> None:
    seat = Seat(browser, webui.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = seat.open(path)
    tabs = page.get_by_role("tab").count()
    assert tabs == 5
    for index in range(tabs):
        page.get_by_role("tab").nth(index).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seat.complaints == []
    seat.context.close()
