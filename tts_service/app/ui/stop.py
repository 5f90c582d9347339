"""The button that ends what a button beside it has begun."""

from typing import Any, Final

import gradio as gr

from tts_service.app.ui.desk import Desk
from tts_service.app.words import Language

# The ear needn't wait for the server: every player of the page rests at once.
_QUIET: Final = '() => { window.dispatchEvent(new CustomEvent("tts-play", {detail: null})); return []; }'


def stop_button(w: Language, elem_id: str) -> gr.Button:
    """Makes the button; it can be pressed while something runs."""
    return gr.Button(
        w("停止", "Stop"),
        variant="secondary",
        size="lg",
        elem_id=elem_id,
        elem_classes="tts-stop",
        scale=1,
        min_width=76,
        interactive=False,
    )


def stops(desk: Desk, button: gr.Button, run: gr.events.Dependency, kind: str) -> None:
    """Lets the button end this tab's runs of `kind`, and rest when `run` has ended, however that was."""

    # A coroutine, which needs no thread: those that speak may have taken all of them.
    async def stop(tab: gr.Request) -> Any:
        desk.runs.stop(tab.session_hash, kind)
        return gr.update(interactive=False)

    button.click(stop, [], [button], js=_QUIET, api_visibility="private", show_progress="hidden", queue=False)
    run.then(
        lambda: gr.update(interactive=False),
        [],
        [button],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
