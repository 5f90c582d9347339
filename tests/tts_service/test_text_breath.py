"""No phrase and no breath ends inside a number that a word links: a score, a ratio, a decimal, a span."""

import pytest

from tts_service.text.prosody import Spoken, breaths, phrase_breaks


def _spoken(words: str) -> list[Spoken]:
    return [Spoken(word, len(word)) for word in words.split()]


@pytest.mark.parametrize(
    ("words", "inside"),
    [
        ("两队 以 一比 一 战平 之后 握手 离开", {2}),
        ("双方 最终 以 十二 比 三 结束 比赛", {3, 4}),
        ("他们 需要 三百二十 点 五 公里 的 电缆 材料", {2, 3}),
        ("孩子们 今年 大约 八 到 十 岁 的 样子", {3, 4}),
    ],
)
def test_no_phrase_ends_inside_linked_numbers(words: str, inside: set[int]) -> None:
    assert not phrase_breaks(_spoken(words)) & inside


def test_no_breath_falls_inside_linked_numbers_of_a_long_clause() -> None:
    before = "这家 公司 今年 前三 季度 的 营业 收入 与 净利润 之间 的"
    after = "左右 仍然 低于 整个 行业 的 平均 水平 和 投资者 的 普遍 预期"
    words = _spoken(f"{before} 比例 大约 是 十二 比 三 {after}")
    number = {index for index, word in enumerate(words) if word.text in ("十二", "比")}
    assert breaths(words)
    assert not breaths(words) & number
