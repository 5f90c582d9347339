"""The page's own widgets: a player that plays while sound is being made, readings that can be corrected, history."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import gradio as gr

from tts_service.app.ui.speaking import Done, Live
from tts_service.app.words import Language
from tts_service.history import Entry
from tts_service.text.preview import Segment

_HERE: Final = Path(__file__).parent
_PLAYER_JS, _READING_JS, _HISTORY_JS = (
    (_HERE / name).read_text(encoding="utf-8") for name in ("player.js", "reading.js", "history.js")
)


def player(w: Language, elem_id: str) -> gr.HTML:
    """Makes a player; give it `live`, `whole` or None."""
    return _html(
        f"""<div class="tts-player" data-state="empty">
<canvas role="img" aria-label="{w("波形", "waveform")}"></canvas>
<div class="tts-controls"><button type="button" class="tts-play" disabled aria-label="{w("播放", "play")}"
data-play="{w("播放", "play")}" data-pause="{w("暂停", "pause")}"></button><span class="tts-clock">0:00 / 0:00</span>
<span class="tts-live">{w("边合成边播放", "playing while it is made")}</span>
<a class="tts-save" hidden>{w("下载 wav", "Save wav")}</a></div></div>""",
        _PLAYER_JS,
        elem_id,
    )


def live(sound: Live) -> dict[str, Any]:
    """A player's value for sound in the making."""
    return {
        "key": sound.name,
        "url": url(sound.path),
        "skip": 0,
        "size": sound.size,
        "rate": sound.rate,
        "done": False,
        "play": True,
        "stopped": False,
        "name": "",
    }


def whole(name: str, entry: Entry, path: Path, *, play: bool = True) -> dict[str, Any]:
    """A player's value for a sound that is whole; `name` tells whether it is the one that plays already."""
    return {
        "key": name,
        "url": url(path),
        "skip": entry.skip,
        "size": entry.size,
        "rate": entry.rate,
        "done": True,
        "play": play and not entry.stopped,
        "stopped": entry.stopped,
        "name": file_name(entry),
    }


def shown(step: Live | Done) -> dict[str, Any]:
    """A player's value for a step of `speaking.speak`."""
    return live(step) if isinstance(step, Live) else whole(step.name, step.entry, step.path)


def reading(w: Language, segments: tuple[Segment, ...]) -> gr.HTML:
    """Makes the table of sentences; its event ``correct`` tells `segment`, `word` and the `reading` that is wanted."""
    title, hint = w("读音 · 点词可改", "Reading · click a word to correct it"), w("点击修改读音", "click to correct it")
    empty = w(
        "输入文字后，这里逐词显示读音，点击即可修改。", "The reading of each word is shown here; click to correct it."
    )
    return _html(
        f'<div class="tts-title">{title}</div><div class="tts-reading" data-hint="{hint}" data-empty="{empty}"></div>',
        _READING_JS,
        "tts-reading",
        segments_value(segments),
    )


def segments_value(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """The value of `reading`, and what programs get from ``/preview``."""
    return [
        {
            "text": segment.text,
            "reading": segment.reading,
            "words": [
                {
                    "text": word.text,
                    "reading": word.reading,
                    "given": word.given,
                    "pause": word.pause,
                    "editable": word.editable,
                }
                for word in segment.words
            ],
        }
        for segment in segments
    ]


def history_list(w: Language) -> gr.HTML:
    """Makes the list of a visitor's sounds, not rendered yet; its events ``replay`` and ``refill`` tell the `id`."""
    words = {
        "play": w("▶ 重放", "▶ Play"),
        "refill": w("↺ 再用", "↺ Use again"),
        "save": w("下载", "Save"),
        "empty": w("还没有记录。合成之后，这里可以重放、下载、再用。", "Nothing yet. What you speak is listed here."),
    }
    data = " ".join(f'data-{key}="{escape(word)}"' for key, word in words.items())
    return _html(f'<div class="tts-history" {data}></div>', _HISTORY_JS, "tts-history", [], render=False)


def entries_value(w: Language, entries: Iterable[tuple[Entry, Path]]) -> list[dict[str, Any]]:
    """The value of `history_list`."""
    return [
        {
            "id": entry.id,
            "made": entry.made,
            "text": entry.text,
            "facts": [
                w.label(entry.voice),
                w("情绪混合", "Emotion mix")
                if entry.vector
                else w.label(entry.emotion) + (f" {entry.intensity:g}" if entry.intensity != 1 else ""),
                f"{entry.speed:g}×",
                f"{entry.seconds:.1f} {w('秒', 's')}",
                *([w("中途停止", "stopped early")] if entry.stopped else []),
            ],
            "url": url(path),
            "name": file_name(entry),
        }
        for entry, path in entries
    ]


def file_name(entry: Entry) -> str:
    """What the wav is called when it is saved."""
    return f"tts-{entry.voice}-{entry.id[:13]}.wav"


def url(path: Path) -> str:
    """Where the page finds a file of Gradio's folder; relative, so that it holds behind a proxy's prefix, too."""
    return f"gradio_api/file={quote(str(path))}"


def _html(template: str, script: str, elem_id: str, value: object = None, *, render: bool = True) -> gr.HTML:
    """A widget whose element is drawn once and then kept by its script."""
    return gr.HTML(
        value,
        html_template=template,
        js_on_load=script,
        elem_id=elem_id,
        apply_default_css=False,
        render=render,
    )
