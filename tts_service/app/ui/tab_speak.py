"""The tab where one text is spoken: readings that can be corrected, sound that plays while it is made, figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from tts_service.app.panel import panel_html, status_html
from tts_service.app.stopping import SPEAK, Stop, Stopped
from tts_service.app.ui.desk import Desk, event_value, refusals
from tts_service.app.ui.form import Form, asked, form
from tts_service.app.ui.speaking import Done, speak
from tts_service.app.ui.stop import Values, go_and_stop, stoppable, stops
from tts_service.app.ui.widgets import entries_value, player, reading, segments_value, shown
from tts_service.app.words import Language
from tts_service.engines.base import RequestRefused, SynthesisRequest
from tts_service.text.preview import corrected, preview

EXAMPLES: Final = (
    ("问候", "Greeting", "你好，语音合成服务已经部署完成，现在可以使用了。"),
    ("日期天气", "Weather", "今天是2026年11月22日，气温-3℃到8℃，降水概率30%。"),
    ("中英混排", "Mixed", "RTX 4090有24GB显存，CUDA 12.8已经装好，端口7860正常。"),
    ("电话邮箱", "Contact", "请拨打010-12345678，或者发邮件到support@example.com。"),
    ("多音字", "Polyphones", "银行的同事重新调整了音乐播放的顺序，大家都很高兴。"),
)
"""Texts to begin with, and what they are called in Chinese and English."""
FIRST: Final = EXAMPLES[0][2]


@dataclass(frozen=True)
class Browser:
    """What lies in the visitor's browser: the token of the history, the saved presets."""

    visitor: gr.BrowserState
    presets: gr.BrowserState


@dataclass(frozen=True)
class SpeakTab:
    """The parts that other tabs need: the text, the controls, and where the status stands."""

    text: gr.Textbox
    form: Form
    status: gr.HTML


def speak_tab(desk: Desk, w: Language, browser: Browser, history: gr.HTML) -> SpeakTab:
    """Draws the tab; what was spoken is put into the list `history`."""
    can = desk.about.engine.capabilities

    def read(text: str) -> list[dict[str, Any]]:
        return segments_value(preview(desk.front_end, text[: can.longest_text] if isinstance(text, str) else ""))

    def correct(text: str, event: gr.EventData) -> tuple[str, list[dict[str, Any]]]:
        with refusals(w):
            SynthesisRequest(text).checked(can)
            new = corrected(desk.front_end, text, *_corrected_place(event))
        return new, segments_value(preview(desk.front_end, new))

    def speaking(text: str, visitor: str, tab: gr.Request, *how: Any) -> Iterator[Values]:
        yield from stoppable(desk, ending, tab, SPEAK, lambda stop: heard(text, visitor, how, stop))

    def heard(text: str, visitor: str, how: Sequence[Any], stop: Stop) -> Iterator[Values]:
        visitor = desk.history.visitor(visitor)
        request = asked(text, *how)
        with refusals(w):
            steps = speak(desk.about, request, desk.history, visitor, desk.live, door=desk.door, stop=stop)
            try:
                for step in steps:
                    told: Values = {sound: shown(step)}
                    if isinstance(step, Done):
                        kept = ((entry, desk.history.path(visitor, entry)) for entry in desk.history.entries(visitor))
                        told |= {
                            panel: panel_html(step.speech, w, first_seconds=step.first_seconds, stopped=step.stopped),
                            status: status_html(desk.about, w),
                            history: entries_value(w, kept),
                            browser.visitor: visitor,
                        }
                    yield told
            except Stopped:
                yield {panel: panel_html(None, w, stopped=True)}

    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=330):
            text = gr.Textbox(
                label=w("文字", "Text"),
                placeholder=w(
                    "在这里输入要朗读的文字，可以中英文混排；多音字可写成 <行|XING2>",
                    "Enter what is to be spoken, Chinese and English; readings may be given as <行|XING2>",
                ),
                value=FIRST,
                lines=3,
                max_lines=12,
                max_length=can.longest_text,
                elem_id="tts-text",
            )
            gr.Examples(
                [[example] for _, _, example in EXAMPLES],
                inputs=[text],
                example_labels=[w(zh, en) for zh, en, _ in EXAMPLES],
                label=w("例句", "Examples"),
                elem_id="tts-examples",
                api_visibility="private",
            )
            readings = reading(w, preview(desk.front_end, FIRST))
            controls = form(desk, w, browser.presets)
        with gr.Column(scale=5, min_width=310):
            button, ending = go_and_stop(w, w("开始合成", "Speak"), "tts-speak", "tts-stop")
            sound = player(w, "tts-audio")
            panel = gr.HTML(panel_html(None, w), elem_id="tts-panel")
            status = gr.HTML(status_html(desk.about, w), elem_id="tts-status")

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    text.change(read, [text], [readings], trigger_mode="always_last", preprocess=False, **quiet)
    readings.correct(
        correct, [text], [text, readings], preprocess=False, api_visibility="private", show_progress="hidden"
    )
    button.click(
        speaking,
        [text, browser.visitor, *controls.inputs],
        [sound, panel, status, history, browser.visitor, ending],
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=[panel],
        preprocess=False,  # the engine refuses what it can't do, in words that say what is allowed
        concurrency_limit=16,  # who may compute is decided at the engine's own door
    )
    stops(desk, ending, SPEAK)
    return SpeakTab(text, controls, status)


def _corrected_place(event: gr.EventData) -> tuple[int, int, str]:
    """Segment, word and reading of a correction."""
    found = tuple(event_value(event, name) for name in ("segment", "word", "reading"))
    match found:
        case (int(segment), int(word), str(reading)):
            return segment, word, reading
    raise RequestRefused("没有说明改哪个词的读音。", "It isn't said which word is to be read otherwise.")
