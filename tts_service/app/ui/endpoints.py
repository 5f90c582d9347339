"""What the page offers to programs: ``/synthesize``, ``/preview`` and ``/batch``, each with everything but the text
optional.
"""

from typing import Any

import gradio as gr

from tts_service.app.panel import info_of
from tts_service.app.stopping import Stop
from tts_service.app.ui.desk import Desk, refusals
from tts_service.app.ui.tab_batch import batch
from tts_service.app.ui.tab_speak import FIRST
from tts_service.app.ui.widgets import segments_value
from tts_service.batch import LONGEST_PAUSE, told
from tts_service.engines.base import STRONGEST, SynthesisRequest
from tts_service.text.preview import preview


def endpoints(desk: Desk) -> None:
    """Adds the endpoints to the page; none of them can be seen."""
    can = desk.about.engine.capabilities

    def synthesize(
        text: str, voice: str, emotion: str, speed: float, intensity: float, seed: int
    ) -> tuple[str, dict[str, Any]]:
        with refusals():
            request = SynthesisRequest(text, voice, emotion, speed, intensity, seed=seed)
            speech = desk.speak(request, Stop())
            path = desk.file(request, speech)
        return str(path), info_of(speech, desk.about, request.intensity)

    def read(text: str) -> list[dict[str, Any]]:
        with refusals():
            return segments_value(preview(desk.front_end, SynthesisRequest(text).checked(can).text))

    def many(
        lines: str, voice: str, emotion: str, speed: float, intensity: float, pause: float
    ) -> tuple[str, str, str, list[dict[str, Any]]]:
        with refusals():
            *_, last = batch(desk, lines, SynthesisRequest("", voice, emotion, speed, intensity), pause, Stop())
        assert last.files is not None  # the last step always has them
        archive, joined, subtitles = (str(path) for path in last.files.shared)
        return archive, joined, subtitles, [told(item) for item in last.spoken]

    with gr.Row(visible=False):
        text = gr.Textbox(FIRST, label="text")
        lines = gr.Textbox(label="lines")
        voice = gr.Radio(list(can.voices), value=can.voices[0], label="voice")
        emotion = gr.Radio(list(can.emotions), value=can.emotions[0], label="emotion")
        speed = gr.Slider(can.slowest, can.fastest, value=1.0, step=0.05, label="speed")
        intensity = gr.Slider(0.0, STRONGEST, value=1.0, step=0.05, label="intensity")
        seed = gr.Number(0, precision=0, label="seed")
        pause = gr.Slider(0, LONGEST_PAUSE, value=0.4, step=0.1, label="pause")
        # Files, because Gradio asks ffprobe about an Audio's file and may convert it.
        sound, joined = gr.File(label="sound"), gr.File(label="joined")
        info, results, segments = gr.JSON(label="info"), gr.JSON(label="results"), gr.JSON(label="segments")
        archive, subtitles = gr.File(label="archive"), gr.File(label="subtitles")
        trigger = gr.Button()
    trigger.click(
        synthesize,
        [text, voice, emotion, speed, intensity, seed],
        [sound, info],
        api_name="synthesize",
        api_description="Speaks a text. Returns the sound (wav) and its figures (seconds, rtf, device, commit …).",
        preprocess=False,  # the engine refuses what it can't do, in words that say what is allowed
        concurrency_limit=16,  # who may compute is decided at the engine's own door
    )
    trigger.click(
        read,
        [text],
        [segments],
        api_name="preview",
        api_description="Tells how a text will be read: sentences, their words, the reading of each.",
        preprocess=False,
    )
    trigger.click(
        many,
        [lines, voice, emotion, speed, intensity, pause],
        [archive, joined, subtitles, results],
        api_name="batch",
        api_description="Speaks many lines (plain, or JSON Lines). Returns a zip, one joined wav, subtitles (srt), and "
        "what came of each line.",
        preprocess=False,
        concurrency_limit=4,
    )
