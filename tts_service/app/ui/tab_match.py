"""The tab for 音色匹配（近似）: a reference recording with its declaration; refused without."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, Final

import gradio as gr

from tts_service.app.panel import panel_html
from tts_service.app.stopping import MATCH, Stop, Stopped
from tts_service.app.ui.desk import Desk, refusals
from tts_service.app.ui.form import Form, asked
from tts_service.app.ui.speaking import CHANNEL, Done, speak
from tts_service.app.ui.stop import Values, go_and_stop, stoppable, stops
from tts_service.app.ui.tab_speak import FIRST, Browser
from tts_service.app.ui.widgets import entries_value, player, shown
from tts_service.app.words import Language
from tts_service.engines.base import Capabilities, Declaration, Reference, RequestRefused, SynthesisRequest
from tts_service.references import LARGEST, LONGEST, LONGEST_STATEMENT, PURPOSE, SHORTEST, admitted

_UPLOAD: Final = re.compile(r"[0-9a-f]{64}")
"""The folder that Gradio makes for an upload."""


def match_tab(desk: Desk, w: Language, browser: Browser, controls: Form, history: gr.HTML) -> None:
    """Draws the tab; emotion, intensity and speed are those of the first tab."""
    can = desk.about.engine.capabilities

    def matching(
        recording: str | None,
        source: str,
        consent: str,
        purpose: str,
        text: str,
        visitor: str,
        tab: gr.Request,
        *how: Any,
    ) -> Iterator[Values]:
        stated = Declaration(source, consent, purpose)
        yield from stoppable(
            desk, ending, tab, MATCH, lambda stop: heard(recording, stated, asked(text, None, *how), visitor, stop)
        )

    def heard(
        recording: str | None, stated: Declaration, request: SynthesisRequest, visitor: str, stop: Stop
    ) -> Iterator[Values]:
        visitor = desk.history.visitor(visitor)
        taken: Values = {upload: None, named: _recording_html(w, "", _used(w))}
        with refusals(w):
            checked = request.checked(can)
            try:
                with _taken(desk, recording, stated) as reference:
                    wanted = replace(checked, reference=reference)
                    steps = list(speak(desk.about, wanted, desk.history, visitor, desk.live, door=desk.door, stop=stop))
            except Stopped:
                yield taken | {panel: panel_html(None, w, stopped=True)}
                return
            for step in steps:
                told: Values = {sound: shown(step)}
                if isinstance(step, Done):
                    entries = desk.history.entries(visitor)
                    told |= taken | {
                        panel: panel_html(step.speech, w, first_seconds=step.first_seconds, stopped=step.stopped),
                        history: entries_value(w, ((entry, desk.history.path(visitor, entry)) for entry in entries)),
                        browser.visitor: visitor,
                    }
                yield told

    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=330):
            gr.HTML(f'<div class="tts-notice">{_notice(w, can)}</div>')
            upload = gr.UploadButton(
                w("选择参考录音", "Choose a recording"),
                file_types=[".wav", ".flac", ".mp3", ".ogg"],
                elem_id="tts-reference",
            )
            named = gr.HTML(_recording_html(w, w("还没有选择。", "None chosen yet."), ""), elem_id="tts-reference-name")
            source = gr.Textbox(
                label=w("录音来源（必填）", "Source of the recording (required)"),
                placeholder=w(
                    "例如：张三本人 2026-11-20 在会议室录制", "e.g. recorded by Zhang San himself, 2026-11-20"
                ),
                max_length=LONGEST_STATEMENT,
                elem_id="tts-source",
            )
            consent = gr.Textbox(
                label=w("本人同意（必填）", "The person's consent (required)"),
                placeholder=w("例如：张三书面同意用于内部测试", "e.g. Zhang San agreed in writing to internal tests"),
                max_length=LONGEST_STATEMENT,
                elem_id="tts-consent",
            )
            purpose = gr.Radio(
                [(w("仅用于内部测试，不对外发布", "Internal tests only, never published"), PURPOSE)],
                value=None,
                label=w("用途（必选）", "Purpose (required)"),
                elem_id="tts-purpose",
                elem_classes="tts-pills",
            )
        with gr.Column(scale=5, min_width=310):
            text = gr.Textbox(
                label=w("文字", "Text"),
                value=FIRST,
                lines=3,
                max_lines=8,
                max_length=can.longest_text,
                elem_id="tts-match-text",
            )
            button, ending = go_and_stop(w, w("匹配并合成", "Match and speak"), "tts-match", "tts-match-stop")
            sound = player(w, "tts-match-audio")
            panel = gr.HTML(panel_html(None, w), elem_id="tts-match-panel")
            gr.HTML(
                '<p class="tts-hint">'
                + w(
                    "情感、强度和语速沿用“合成”页。录音和声明会记入审计文件，生成的 wav 带有合成标记和声明。",
                    "Emotion, intensity and speed are those of the first tab. Recording and declaration go into the "
                    "audit file; the wav carries a mark and the declaration.",
                )
                + "</p>"
            )

    def chosen(path: str | None) -> str:
        return _recording_html(w, Path(path).name if path else "", w("已选择", "Chosen"))

    upload.upload(chosen, [upload], [named], api_visibility="private", show_progress="hidden", queue=False)
    button.click(
        matching,
        [upload, source, consent, purpose, text, browser.visitor, *controls.inputs[1:]],
        [sound, upload, named, panel, history, browser.visitor, ending],
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=[panel],
        concurrency_limit=4,
    )
    stops(desk, ending, MATCH)


def _notice(w: Language, can: Capabilities) -> str:
    """What becomes of a recording, plainly."""
    if can.cloning:
        return w(
            "<b>参考音色</b>：IndexTTS 会用录音里的声音说话；"
            "由自带引擎合成时，只是<b>音色匹配（近似）</b>，不是声音克隆。",
            "<b>Reference voice</b>: IndexTTS speaks with the voice in the recording; where our own engine "
            "speaks, it is <b>voice matching (approximate)</b>, not voice cloning.",
        )
    return w(
        "<b>音色匹配（近似）</b>：在自带的合成音色里选最接近录音的一个，再调整音高、音色和语速。"
        "它不是声音克隆，听起来不会是同一个人。",
        "<b>Voice matching (approximate)</b>: chooses the nearest of our own synthetic voices and bends its pitch, "
        "colour and pace. It is not voice cloning and will not sound like the same person.",
    )


def _used(w: Language) -> str:
    return w("录音已收录；换一段文字请重新选择它。", "The recording was taken; for another text choose it again.")


@contextmanager
def _taken(desk: Desk, path: str | None, declaration: Declaration) -> Iterator[Reference]:
    """Admits the recording; the copy that Gradio keeps goes as soon as it is admitted, or found to be no recording."""
    data = _bytes(path)
    try:
        with admitted(data, declaration, shared=desk.shared, channel=CHANNEL) as reference:
            _drop(desk, path)
            yield reference
    except RequestRefused as refused:
        if refused.param == "reference":
            _drop(desk, path)
        raise


def _drop(desk: Desk, path: str | None) -> None:
    """Deletes an upload. A client names the path: what isn't an upload, such as the history, stays."""
    file = Path(path or "").resolve()
    if file.parent.parent == desk.served and _UPLOAD.fullmatch(file.parent.name):
        file.unlink(missing_ok=True)


def _bytes(path: str | None) -> bytes:
    file = Path(path or "")
    if not path or not file.is_file():
        raise RequestRefused("请先选择参考录音。", "Choose a reference recording first.")
    if file.stat().st_size > LARGEST:
        raise RequestRefused(
            f"文件太大，最多 {LARGEST // 2**20} MB。", f"The file is too large: at most {LARGEST // 2**20} MB."
        )
    return file.read_bytes()


def _recording_html(w: Language, name: str, told: str) -> str:
    limits = w(
        f"WAV、FLAC、MP3 或 OGG，{SHORTEST:g} 至 {LONGEST:g} 秒",
        f"WAV, FLAC, MP3 or OGG, {SHORTEST:g} to {LONGEST:g} seconds",
    )
    return f'<p class="tts-hint">{escape(told)} <b>{escape(name)}</b> · {limits}</p>'
