"""The tab where many lines are spoken at once: a file or pasted lines, progress, the files."""

import shutil
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from tts_service.app.stopping import BATCH, Stop
from tts_service.app.ui.desk import Desk, refusals
from tts_service.app.ui.form import Form, asked
from tts_service.app.ui.stop import Values, go_and_stop, stoppable, stops
from tts_service.app.words import Language
from tts_service.batch import (
    LONGEST_PAUSE,
    MOST_CHARACTERS,
    MOST_LINES,
    Progress,
    checked_pause,
    decoded,
    parse,
    run,
    sweep,
)
from tts_service.engines.base import SynthesisRequest


def batch_tab(desk: Desk, w: Language, controls: Form) -> None:
    """Draws the tab; what a line doesn't say is taken from the controls of the first tab."""

    def load(path: str | None) -> Any:
        if path is None:
            return gr.skip()
        with refusals(w):
            return decoded(Path(path).read_bytes())

    def speaking(lines: str, pause: float, tab: gr.Request, *how: Any) -> Iterator[Values]:
        yield from stoppable(desk, ending, tab, BATCH, lambda stop: shown(lines, pause, how, stop))

    def shown(lines: str, pause: float, how: Sequence[Any], stop: Stop) -> Iterator[Values]:
        with refusals(w):
            yield {files: gr.update(value=None, visible=False)}
            for step in batch(desk, lines, asked("", *how), pause, stop):
                told: Values = {progress: progress_html(step, w)}
                if step.files:
                    told[files] = gr.update(value=[str(path) for path in step.files.shared], visible=True)
                yield told

    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=330):
            lines = gr.Textbox(
                label=w("每行一句", "One line each"),
                info=w(
                    f"纯文本，或 JSON Lines（字段 text、voice、emotion、speed、intensity、emotion_vector）。"
                    f"最多 {MOST_LINES} 行、{MOST_CHARACTERS} 字；没写的设置用“合成”页的。",
                    f"Plain text, or JSON Lines (text, voice, emotion, speed, intensity, emotion_vector). "
                    f"At most {MOST_LINES} lines, {MOST_CHARACTERS} characters; what a line doesn't say is taken "
                    "from the first tab.",
                ),
                placeholder='{"text": "你好", "emotion": "开心", "speed": 1.1}',
                lines=9,
                max_lines=18,
                elem_id="tts-batch-lines",
            )
            with gr.Row(elem_classes="tts-line"):
                upload = gr.UploadButton(
                    w("上传 txt / jsonl", "Upload txt / jsonl"),
                    file_types=[".txt", ".jsonl"],
                    elem_id="tts-batch-upload",
                    min_width=140,
                )
                pause = gr.Slider(
                    0,
                    LONGEST_PAUSE,
                    value=0.4,
                    step=0.1,
                    label=w("句间停顿（秒）", "Pause between lines (s)"),
                    min_width=180,
                    elem_id="tts-batch-pause",
                )
        with gr.Column(scale=5, min_width=310):
            start, ending = go_and_stop(w, w("开始批量合成", "Speak all"), "tts-batch-start", "tts-batch-stop")
            progress = gr.HTML(progress_html(None, w), elem_id="tts-batch-progress")
            files = gr.File(
                label=w("全部（zip）· 连成一个 wav · 字幕 srt", "All (zip) · joined wav · subtitles srt"),
                interactive=False,
                file_count="multiple",
                elem_id="tts-batch-files",
                visible=False,
            )

    upload.upload(load, [upload], [lines], api_visibility="private", show_progress="hidden")
    start.click(
        speaking,
        [lines, pause, *controls.inputs],
        [progress, files, ending],
        api_visibility="private",
        show_progress="hidden",
        preprocess=False,
        concurrency_limit=4,
    )
    stops(desk, ending, BATCH)


def batch(desk: Desk, text: object, defaults: SynthesisRequest, pause: object, stop: Stop) -> Iterator[Progress]:
    """Speaks lines into a folder of their own until `stop` is asked; older folders go. Raises RequestRefused before
    anything is spoken.
    """
    checked = parse(text if isinstance(text, str) else "", desk.about.engine.capabilities, defaults)
    seconds = checked_pause(pause)
    sweep(desk.batches)
    desk.batches.mkdir(parents=True, exist_ok=True)
    yield Progress((), len(checked))
    folder = desk.new_folder()
    try:
        yield from run(
            checked,
            lambda request: desk.speak(request, stop),
            desk.wav,
            desk.cues,
            folder,
            pause=seconds,
            engine=desk.about.engine.name,
            stop=stop,
        )
    except BaseException:  # it failed, or the visitor has gone: nobody will ever be handed what was made
        shutil.rmtree(folder, ignore_errors=True)
        raise


def progress_html(step: Progress | None, w: Language) -> str:
    """Draws how far a batch is, and what came of each line."""
    if step is None:
        empty = w("合成后，这里逐行显示结果。", "Results appear here, line by line.")
        return f'<div class="tts-card tts-empty">{empty}</div>'
    done = len(step.spoken)
    share = round(100 * done / step.total)
    note = ""
    if step.stopped:
        told = w("已停止，做好的部分可以下载。", "Stopped; what is done can be saved.")
        if step.files is None:
            told = w("已停止，还没有做好的行。", "Stopped before a line was done.")
        note = f'<p class="tts-note">{told}</p>'
    rows = "".join(
        f'<li class="{"tts-left-out" if item.refused else ""}"><b>{item.line.number}</b>'
        f"<span>{escape(item.line.request.text[:80])}</span>"
        + (
            f"<i>{escape(w(item.refused.zh, item.refused.en))}</i>"
            if item.refused
            else f"<i>{item.end - item.start:.1f} {w('秒', 's')}</i>"
        )
        + "</li>"
        for item in step.spoken
    )
    return (
        f'<div class="tts-card"><div class="tts-bar" role="progressbar" aria-valuenow="{share}">'
        f'<i style="width:{share}%"></i></div><p class="tts-count">{done} / {step.total}</p>{note}'
        f'<ol class="tts-lines">{rows}</ol></div>'
    )
