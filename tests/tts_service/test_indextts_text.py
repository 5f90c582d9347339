"""What IndexTTS is given: text with readings in its syntax, cut where memory is short, emotions as eight values."""

import json
from pathlib import Path

import pytest

from tests.support.indextts_standin import tone
from tts_service.audit import audit_file
from tts_service.engines.base import VECTOR, RequestRefused, SynthesisRequest
from tts_service.engines.emotions import MIXTURES, MOST, emotion_vector, voice_weights
from tts_service.engines.indextts_text import script
from tts_service.engines.indextts_voices import OWN, provided_voices
from tts_service.text.lexicon import Lexicon

LEXICON = Lexicon.parse(["重庆  chong2 qing4", "Qwen  qian1 wen4", "绿  lv4", "女  nü3", "read  R EH1 D", "居 ju1"])


@pytest.mark.parametrize(
    ("text", "newer", "older"),
    [
        ("不<行|XING2>", "不<行|XING2>", "不XING2"),
        ("去重庆。", "去<重|CHONG2><庆|QING4>。", "去CHONG2 QING4。"),
        ("用Qwen模型", "用<字|QIAN1><字|WEN4>模型", "用QIAN1 WEN4模型"),
        ("Qwens", "Qwens", "Qwens"),
        ("绿女居", "<绿|LV4><女|NV3><居|JV1>", "LV4NV3JV1"),
        ("I read it.", "I <read|R EH1 D> it.", "I read it."),
        ("<读|R EH1 D>", "<word|R EH1 D>", "读"),
        ("<字|BOGUS9>", "字", "字"),
        ("a<|endoftext|>b", "a< endoftext >b", "a< endoftext >b"),
        ("好😀的\x00", "好的", "好的"),
    ],
)
def test_readings_are_written_as_each_version_reads_them(text: str, newer: str, older: str) -> None:
    said = script(text, LEXICON)
    (piece,) = said.pieces(200)
    assert (said.marked(piece, "2.5"), said.marked(piece, "2")) == (newer, older)


def test_a_reading_that_cannot_be_said_is_named() -> None:
    assert script("<字|BOGUS9>好", LEXICON).unreadable == ("<字|BOGUS9>",)


@pytest.mark.parametrize("text", ["。。。", "😀", "<|", "，\n。"])
def test_a_text_without_anything_to_say_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="nothing to read aloud"):
        script(text, LEXICON)


def test_pieces_end_with_sentences_else_with_commas_else_anywhere() -> None:
    said = script("一句话。" * 8 + "长" * 25 + "，" + "话" * 50 + "。", Lexicon())
    pieces = said.pieces(40)
    assert pieces == ["一句话。" * 8, "长" * 25 + "，", "话" * 40, "话" * 10 + "。"]
    assert "".join(pieces) == said.written


def test_no_cut_goes_through_a_reading() -> None:
    said = script("<重庆|CHONG2 QING4>" * 90, Lexicon())
    pieces = said.pieces(40)
    assert [len(piece) for piece in pieces] == [40, 40, 10]
    assert said.marked(pieces[2], "2.5") == "<重|CHONG2><庆|QING4>" * 10


def test_the_language_is_english_only_without_chinese() -> None:
    assert script("Hello 42", Lexicon()).language == "EN"
    assert script("42", Lexicon()).language == "ZH"
    assert script("CPU很快", Lexicon()).language == "ZH"


def test_an_emotion_becomes_eight_values_times_its_intensity() -> None:
    def vector(emotion: str, intensity: float = 1.0) -> dict[str, float]:
        values = emotion_vector(SynthesisRequest("x", emotion=emotion, intensity=intensity))
        return {name: value for name, value in zip(VECTOR, values, strict=True) if value}

    assert vector("严肃") == {"calm": 0.6}
    assert vector("开心", 0.5) == {"happy": 0.3}
    assert vector("温柔") == {"calm": 0.4, "happy": 0.15}
    assert vector("中性", 1.5) == {}
    assert vector("生气", 0.0) == {}
    assert vector("悲伤", 1.5) == {"sad": MOST}


def test_the_sum_of_the_eight_values_stays_in_bounds() -> None:
    for emotion in MIXTURES:
        assert sum(emotion_vector(SynthesisRequest("x", emotion=emotion, intensity=1.5))) <= MOST + 1e-3
    values = emotion_vector(SynthesisRequest("x", vector=(1, 1, 0, 0, 0, 0, 0, 0)))
    assert values == (0.4, 0.4, 0, 0, 0, 0, 0, 0)


def test_an_emotion_of_indextts_comes_near_in_the_bundled_voice() -> None:
    own = ("中性", "开心", "悲伤", "生气", "严肃", "温柔")
    vector = emotion_vector(SynthesisRequest("x", emotion="惊讶"))
    weights = voice_weights(SynthesisRequest("x", vector=vector), own)
    assert weights == pytest.approx({"中性": 0.4, "开心": 0.6, "悲伤": 0, "生气": 0, "严肃": 0})


def test_only_declared_recordings_become_voices_and_each_is_on_record(tmp_path: Path) -> None:
    folder, shared, said = tmp_path / "voices", tmp_path / "shared", list[str]()
    folder.mkdir()
    for name in ("小安", "无声明", "无同意", OWN):
        tone(folder / f"{name}.wav", 3.0, 220)
    tone(folder / "太长.wav", 16.0, 220)
    tone(folder / "太短.wav", 0.4, 220)
    (folder / "坏.wav").write_bytes(b"RIFFxxxxWAVE")
    good = {"source": "同事自己录音", "consent": "本人书面同意", "purpose": "内部测试"}
    for name in ("小安", "太长", "太短", "坏", OWN):
        (folder / f"{name}.json").write_text(json.dumps(good), encoding="utf-8")
    (folder / "无同意.json").write_text(json.dumps({**good, "consent": ""}), encoding="utf-8")
    (folder / "说明.txt").write_text("x", encoding="utf-8")

    voices = provided_voices(folder, shared, said.append)

    assert list(voices) == ["小安"]
    assert voices["小安"].declaration.source == "同事自己录音"
    assert voices["小安"].path.exists()
    records = [json.loads(line) for line in audit_file(shared).read_text(encoding="utf-8").splitlines()]
    assert [(record["kind"], record["fields"]["channel"]) for record in records] == [("reference.admitted", "operator")]
    assert len(said) == 6
    for name, told in (
        ("无声明", "Declare the source"),
        ("无同意", "consent"),
        ("太长", "too long"),
        ("坏", "damaged"),
    ):
        assert any(f"voice {name}.wav" in line and told in line for line in said), said


def test_a_folder_of_voices_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert provided_voices(tmp_path / "none", tmp_path, print) == {}
