"""The button that ends what a button beside it has begun."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import gradio as gr

from tts_service.app.stopping import Stop
from tts_service.app.ui.desk import Desk
from tts_service.app.words import Language

Values = dict[gr.components.Component, Any]
"""New values of components."""
# The ear needn't wait for the server: every player of the page rests at once.
_QUIET: Final = '() => { window.dispatchEvent(new CustomEvent("tts-play", {detail: null})); return []; }'


def go_and_stop(w: Language, label: str, go_id: str, stop_id: str) -> tuple[gr.Button, gr.Button]:
    """Makes the two, side by side: one that begins something, one that can be pressed while it runs."""
    with gr.Row(elem_classes="tts-go", equal_height=True):
        go = gr.Button(label, variant="primary", size="lg", elem_id=go_id, scale=4, min_width=120)
        ending = gr.Button(
            w("停止", "Stop"),
            variant="secondary",
            size="lg",
            elem_id=stop_id,
            elem_classes="tts-stop",
            scale=1,
            min_width=76,
            interactive=False,
        )
    return go, ending


def stops(desk: Desk, button: gr.Button, kind: str) -> None:
    """Lets the button end this tab's runs of `kind`."""

    # A coroutine, which needs no thread: those that speak may have taken all of them.
    async def stop(tab: gr.Request) -> Any:
        desk.runs.stop(tab.session_hash, kind)
        return gr.update(interactive=False)

    button.click(stop, [], [button], js=_QUIET, api_visibility="private", show_progress="hidden", queue=False)


def stoppable(
    desk: Desk, button: gr.Button, tab: gr.Request, kind: str, steps: Callable[[Stop], Iterator[Values]]
) -> Iterator[Values]:
    """What a run of this tab shows, between letting the button be pressed and letting it rest, however the run ends."""
    with desk.runs.begin(tab.session_hash, kind) as stop:
        yield {button: gr.update(interactive=True)}
        try:
            yield from steps(stop)
        except Exception:  # before it is told: after an error nothing more of the run is shown
            yield {button: gr.update(interactive=False)}
            raise
        yield {button: gr.update(interactive=False)}
