"""The tab where the user's lexicon is edited: in effect as soon as it is saved."""

from html import escape
from typing import Any

import gradio as gr

from tts_service.app.ui import lexicon_file
from tts_service.app.ui.desk import Desk, refusals
from tts_service.app.words import Language


def lexicon_tab(desk: Desk, w: Language) -> tuple[gr.Textbox, gr.State, gr.HTML]:
    """Draws the tab; gives what a load fills: text, version that was seen, the line that tells how it stands."""

    def save(text: str, version: str) -> tuple[str, str, str]:
        with refusals(w):
            found = lexicon_file.save(desk.shared, text, version)
            desk.reload_lexicon()
        return found.text, found.version, _told(found, w, w("已保存，立即生效。", "Saved, in effect at once."))

    def add(text: str, word: str, reading: str, version: str) -> tuple[str, str, str, str, str]:
        with refusals(w):
            new = lexicon_file.with_word(text, word, reading)
        return *save(new, version), "", ""

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=310):
            gr.HTML(
                '<p class="tts-hint">'
                + w(
                    "读错的词在这里给出读音，所有人、所有文字立即生效。拼音带声调数字（轻声 5，ü 写 v）；"
                    "英文词可给拼音或 ARPAbet 音标。",
                    "Give the reading of words that are read wrongly: in effect at once, for everybody and every text. "
                    "Pinyin with tone digits (5 neutral, v for ü); English words take pinyin or ARPAbet.",
                )
                + "</p>"
            )
            with gr.Row(equal_height=True):
                word = gr.Textbox(
                    label=w("词", "Word"), placeholder="重庆", max_length=40, elem_id="tts-word", min_width=110
                )
                reading = gr.Textbox(
                    label=w("读音", "Reading"), placeholder="chong2 qing4", elem_id="tts-word-reading", min_width=140
                )
            put = gr.Button(w("加入并保存", "Add and save"), variant="primary", elem_id="tts-word-add")
        with gr.Column(scale=6, min_width=330):
            text = gr.Textbox(
                label=w("词典（每行：词 读音；# 之后是注释）", "Lexicon (one word and its reading a line; # comments)"),
                lines=12,
                max_lines=20,
                elem_id="tts-lexicon",
                placeholder="重庆  chong2 qing4\nQwen  qian1 wen4",
            )
            with gr.Row():
                again = gr.Button(w("重新载入", "Load again"), size="sm", elem_id="tts-lexicon-load", min_width=100)
                keep = gr.Button(
                    w("保存全部", "Save all"), size="sm", variant="primary", elem_id="tts-lexicon-save", min_width=100
                )
            told = gr.HTML(elem_id="tts-lexicon-told")
    version = gr.State("")

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    again.click(lambda: lexicon_values(desk, w), None, [text, version, told], **quiet)
    keep.click(save, [text, version], [text, version, told], **quiet)
    gr.on(
        [put.click, reading.submit],
        add,
        [text, word, reading, version],
        [text, version, told, word, reading],
        **quiet,
    )
    return text, version, told


def lexicon_values(desk: Desk, w: Language) -> tuple[str, str, str]:
    """What lies in the lexicon now: text, version, and a line that tells how it stands."""
    found = lexicon_file.read(desk.shared)
    return found.text, found.version, _told(found, w, "")


def _told(found: lexicon_file.LexiconText, w: Language, what: str) -> str:
    if found.problem is not None:
        return f'<p class="tts-notice" role="alert">{escape(w(found.problem.zh, found.problem.en))}</p>'
    counted = w(f"{found.words} 个词", f"{found.words} words")
    return f'<p class="tts-hint">{escape(what)} {counted}</p>'
