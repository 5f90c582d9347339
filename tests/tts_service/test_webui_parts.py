"""What stands behind the page: a visitor's history and presets, and the lexicon as it is edited."""

import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from tts_service.app.ui import lexicon_file
from tts_service.app.ui.widgets import url
from tts_service.app.words import CHINESE, ENGLISH
from tts_service.engines.base import Capabilities, RequestRefused, SynthesisRequest
from tts_service.history import Entry, History
from tts_service.presets import BUILT_IN, MOST, added, offered, saved

CAN = Capabilities(("清岚", "云峰"), ("中性", "温柔"), 22050)


def keep(history: History, visitor: str, text: str, size: int = 100) -> Entry:
    return history.add(
        visitor,
        bytes(size),
        text=text,
        voice="清岚",
        emotion="中性",
        intensity=1.0,
        speed=1.0,
        seconds=1.0,
        rate=22050,
        skip=44,
        size=size - 44,
    )


def test_a_visitor_sees_the_own_sounds_newest_first_and_nobody_elses(tmp_path: Path) -> None:
    history = History(tmp_path)
    mine, other = history.visitor(None), history.visitor("")
    assert mine != other
    first, second = keep(history, mine, "一"), keep(history, mine, "二")
    keep(history, other, "别人的")
    assert {entry.text for entry in history.entries(mine)} == {"一", "二"}
    assert history.entry(mine, first.id) == first
    assert history.entry(other, second.id) is None
    assert history.path(mine, first).stat().st_size == 100


def test_a_token_stays_and_anything_else_becomes_a_new_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    token = history.visitor(None)
    assert history.visitor(token) == token
    for strange in ("../../etc", "a" * 31, 7, {"a": 1}, "x" * 33, "…" * 32):
        assert history.visitor(strange) != strange
    for name in ("../x", "1", None, 5, "0" * 13 + "-" + "g" * 12):
        assert history.entry(token, name) is None


def test_the_folder_on_disk_does_not_tell_the_token_and_is_the_services_own(tmp_path: Path) -> None:
    history = History(tmp_path)
    token = history.visitor(None)
    keep(history, token, "一")
    (folder,) = tmp_path.iterdir()
    assert token not in folder.name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_history_keeps_the_last_few_within_a_size_and_a_time(tmp_path: Path) -> None:
    history = History(tmp_path, per_visitor=2, bytes_in_all=250, kept=3600)
    one, two = history.visitor(None), history.visitor(None)
    entries = [keep(history, one, text) for text in "一二三"]
    assert len(history.entries(one)) == 2
    assert history.entry(one, min(entries, key=lambda entry: entry.id).id) is None
    keep(history, two, "四")  # 300 bytes now: the oldest of all goes
    assert len(history.entries(one)) + len(history.entries(two)) == 2
    assert len(history.entries(two)) == 1
    for path in tmp_path.glob("*/*.wav"):
        os.utime(path, (0, 0))
    keep(history, two, "五")
    assert [entry.text for entry in history.entries(two)] == ["五"]
    assert history.entries(one) == ()


def test_a_new_sound_stays_the_newest_when_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    history = History(tmp_path, per_visitor=2, kept=10**6)
    token = history.visitor(None)
    for text in "一二":
        keep(history, token, text)
    monkeypatch.setattr(time, "time", lambda: now - 7200)
    keep(history, token, "三")
    assert [entry.text for entry in history.entries(token)] == ["三", "二"]
    after_a_restart = History(tmp_path, per_visitor=2, kept=10**6)
    keep(after_a_restart, token, "四")
    assert "四" in {entry.text for entry in history.entries(token)}


def test_a_sound_for_which_the_disk_has_no_room_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path)
    token = history.visitor(None)

    def full(path: Path, text: str, **_how: object) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        keep(history, token, "一")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_clearing_deletes_the_visitors_sounds_and_nobody_elses(tmp_path: Path) -> None:
    history = History(tmp_path)
    one, two = history.visitor(None), history.visitor(None)
    keep(history, one, "一")
    keep(history, two, "二")
    history.clear(one)
    assert history.entries(one) == ()
    assert len(history.entries(two)) == 1


def test_our_presets_are_those_that_the_engine_can_speak() -> None:
    assert [preset.voice in CAN.voices and preset.emotion in CAN.emotions for preset, _ in offered(CAN)] == [True]
    assert len({preset.name for preset, _ in BUILT_IN}) == len(BUILT_IN)


def test_own_presets_are_kept_by_name_and_what_a_browser_made_up_is_left_out() -> None:
    request = SynthesisRequest("。", "云峰", "温柔", 0.8, 1.2).checked(CAN)
    own = added(added((), "甲", request), " 甲 ", request)
    assert [preset.to_json() for preset in own] == [
        {"name": "甲", "voice": "云峰", "emotion": "温柔", "intensity": 1.2, "speed": 0.8}
    ]
    stored = [own[0].to_json(), {"name": "乙", "voice": "谁"}, {"name": ""}, {"speed": 1}, 7, None]
    assert saved(stored, CAN) == own
    assert saved("x", CAN) == saved(None, CAN) == ()
    with pytest.raises(RequestRefused, match="名字"):
        added(own, "  ", request)
    full = own
    for number in range(MOST - 1):
        full = added(full, f"第{number}个", request)
    with pytest.raises(RequestRefused, match=f"最多保存 {MOST} 个"):
        added(full, "再来一个", request)


def test_the_lexicon_is_saved_as_a_whole_and_the_one_before_stays_beside_it(tmp_path: Path) -> None:
    shared = tmp_path / "语音 shared"
    empty = lexicon_file.read(shared)
    assert (empty.text, empty.words) == ("", 0)
    first = lexicon_file.save(shared, "重庆  zhong4 qing4  \n\n# 注释\n\n", empty.version)
    assert first.text == "重庆  zhong4 qing4\n\n# 注释\n"
    second = lexicon_file.save(shared, "Qwen  qian1 wen4", first.version)
    assert second.words == 1
    assert (shared / "lexicon.txt").read_text(encoding="utf-8") == "Qwen  qian1 wen4\n"
    assert (shared / "lexicon.txt.before").read_text(encoding="utf-8") == first.text
    assert not list(shared.glob(".part-*"))


@pytest.mark.parametrize("line", ["重庆", "重庆 chong qing", "重庆 xyz9", "重庆 <b>", "\ud800 a1"])
def test_a_lexicon_line_that_cannot_be_used_is_refused_by_number_and_nothing_is_written(
    tmp_path: Path, line: str
) -> None:
    with pytest.raises(RequestRefused, match="第 2 行不能用"):
        lexicon_file.save(tmp_path, f"好 hao3\n{line}", lexicon_file.read(tmp_path).version)
    assert not (tmp_path / "lexicon.txt").exists()


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_a_lexicon_in_the_encoding_of_windows_is_shown_as_it_was_meant_with_what_is_wrong(
    tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "lexicon.txt").write_bytes("重庆 chong2 qing4\n".encode(encoding))
    found = lexicon_file.read(tmp_path)
    assert found.text == "重庆 chong2 qing4\n"
    assert found.problem is not None
    assert "UTF-8" in found.problem.zh
    saved = lexicon_file.save(tmp_path, found.text, found.version)
    assert (saved.problem, saved.words) == (None, 1)


def test_a_lexicon_that_cannot_be_read_is_told_of_and_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").mkdir()
    found = lexicon_file.read(tmp_path)
    assert found.problem is not None
    assert "无法读取" in found.problem.zh
    with pytest.raises(RequestRefused, match="无法读取"):
        lexicon_file.save(tmp_path, "好 hao3", found.version)
    assert (tmp_path / "lexicon.txt").is_dir()


def test_of_two_who_save_at_once_one_is_told_to_load_again(tmp_path: Path) -> None:
    seen = lexicon_file.read(tmp_path)
    told: list[str] = []

    def save(word: str) -> None:
        try:
            lexicon_file.save(tmp_path, f"{word} hao3", seen.version)
            told.append("saved")
        except RequestRefused as refused:
            told.append(refused.zh[:6])

    threads = [threading.Thread(target=save, args=(word,)) for word in "甲乙"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["saved", "词典刚被别人"]


def test_a_word_is_added_or_put_in_the_place_of_its_old_reading() -> None:
    text = lexicon_file.with_word("重庆  chong2 qing4\n# 注释\n", "重庆", " zhong4   qing4 ")
    assert text == "# 注释\n重庆  zhong4 qing4\n"
    for word, reading in (("", "hao3"), ("两 词", "hao3"), ("a#b", "hao3"), ("好", "hao9"), ("好", "")):
        with pytest.raises(RequestRefused):
            lexicon_file.with_word("", word, reading)


def test_too_large_a_lexicon_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="词典太大"):
        lexicon_file.save(tmp_path, "好 hao3\n" * 6000, lexicon_file.read(tmp_path).version)


def test_the_two_languages_choose_from_pairs_and_name_what_they_know() -> None:
    assert (CHINESE("文字", "Text"), ENGLISH("文字", "Text")) == ("文字", "Text")
    assert (CHINESE.label("开心"), ENGLISH.label("开心"), ENGLISH.label("新声音")) == ("开心", "Happy", "新声音")


def test_addresses_of_files_hold_blanks_and_chinese_characters() -> None:
    assert url(Path("/共享 目录/a.wav")) == "gradio_api/file=/%E5%85%B1%E4%BA%AB%20%E7%9B%AE%E5%BD%95/a.wav"
