"""The tab with the visitor's own sounds."""

from dataclasses import replace
from typing import Any, cast

import gradio as gr

from tts_service.app.ui.desk import Desk, event_value, refusals
from tts_service.app.ui.form import chosen_values
from tts_service.app.ui.tab_speak import Browser, SpeakTab
from tts_service.app.ui.widgets import entries_value, player, whole
from tts_service.app.words import Language
from tts_service.engines.base import RequestRefused
from tts_service.history import KEPT, PER_VISITOR, Entry


def history_tab(desk: Desk, w: Language, browser: Browser, history: gr.HTML, speaking: SpeakTab, tabs: gr.Tabs) -> None:
    """Draws the tab around the list `history`; to use an entry again fills the first tab and goes there."""

    def found(event: gr.EventData, visitor: str) -> tuple[str, Entry]:
        visitor = desk.history.visitor(visitor)
        entry = desk.history.entry(visitor, event_value(event, "id"))
        if entry is None:
            raise RequestRefused("这条记录已经不在了。", "This entry is gone.")
        return visitor, entry

    def replay(visitor: str, event: gr.EventData) -> dict[str, Any]:
        with refusals(w):
            visitor, entry = found(event, visitor)
        return whole(entry.id, replace(entry, stopped=False), desk.history.path(visitor, entry))

    def refill(visitor: str, event: gr.EventData) -> tuple[Any, ...]:
        with refusals(w):
            _, entry = found(event, visitor)
        how = chosen_values(entry.voice, entry.emotion, entry.intensity, entry.speed, entry.vector)
        return entry.text, *how, gr.update(selected="speak")

    def clear(visitor: str) -> tuple[list[Any], None]:
        desk.history.clear(desk.history.visitor(visitor))
        return [], None

    sound = player(w, "tts-replay")
    with gr.Row(equal_height=True):
        gr.HTML(
            '<p class="tts-hint">'
            + w(
                f"只有这个浏览器能看到自己的记录：最近 {PER_VISITOR} 条，保留 {KEPT / 3600:.0f} 小时。",
                f"Only this browser sees its own list: the last {PER_VISITOR}, kept for {KEPT / 3600:.0f} hours.",
            )
            + "</p>"
        )
        empty = gr.Button(w("清空", "Delete all"), size="sm", elem_id="tts-history-clear", scale=0, min_width=90)
    cast(Any, history).render()

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    history.replay(replay, [browser.visitor], [sound], **quiet)
    history.refill(refill, [browser.visitor], [speaking.text, *speaking.form.inputs, tabs], **quiet)
    empty.click(clear, [browser.visitor], [history, sound], **quiet)


def history_values(desk: Desk, w: Language, visitor: str) -> tuple[str, list[dict[str, Any]]]:
    """A visitor's token (a new one for who has none) and list."""
    visitor = desk.history.visitor(visitor)
    return visitor, entries_value(
        w, ((entry, desk.history.path(visitor, entry)) for entry in desk.history.entries(visitor))
    )
