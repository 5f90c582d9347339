"""How to speak: voice and emotion as buttons, intensity, speed, a mix of emotions, and presets that set all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_service.app.ui.desk import Desk, refusals
from tts_service.app.ui.mix import Mix, mix, mix_values, mixed
from tts_service.app.words import Language
from tts_service.engines.base import STRONGEST, SynthesisRequest
from tts_service.presets import LONGEST_NAME, Preset, added, offered, saved


@dataclass(frozen=True)
class Form:
    """The controls; `asked` makes a request of their `inputs`."""

    voice: gr.Radio
    emotion: gr.Radio
    intensity: gr.Slider
    speed: gr.Slider
    mix: Mix

    @property
    def inputs(self) -> list[gr.components.Component]:
        """What goes into a function that speaks."""
        return [self.voice, self.emotion, self.intensity, self.speed, *self.mix.inputs]


def asked(text: str, voice: str | None, emotion: str, intensity: float, speed: float, *mix: Any) -> SynthesisRequest:
    """The request, unchecked; what follows the text are the values of `Form.inputs`."""
    return SynthesisRequest(text, voice, emotion, speed, intensity, vector=mixed(mix[0], mix[1:]))


def chosen_values(
    voice: str, emotion: str, intensity: float, speed: float, vector: Sequence[float] | None
) -> list[Any]:
    """What `Form.inputs` show for a way to speak."""
    return [voice, emotion, intensity, speed, *mix_values(vector)]


def form(desk: Desk, w: Language, kept: gr.BrowserState) -> Form:
    """Draws the controls, and the presets that set them: ours and the visitor's own, which lie in `kept`."""
    can = desk.about.engine.capabilities
    voice = gr.Radio(
        [(w.label(name), name) for name in can.voices],
        value=can.voices[0],
        label=w("音色", "Voice"),
        elem_id="tts-voice",
        elem_classes="tts-pills",
    )
    emotion = gr.Radio(
        [(w.label(name), name) for name in can.emotions],
        value=can.emotions[0],
        label=w("情感", "Emotion"),
        elem_id="tts-emotion",
        elem_classes="tts-pills",
    )
    with gr.Row(elem_classes="tts-sliders"):
        choice = gr.Dropdown(
            [],
            value=None,
            label=w("预设", "Preset"),
            elem_id="tts-preset",
            min_width=140,
            filterable=False,
        )
        intensity = gr.Slider(
            0.0,
            STRONGEST,
            value=1.0,
            step=0.05,
            label=w("强度", "Intensity"),
            elem_id="tts-intensity",
            min_width=140,
        )
        speed = gr.Slider(
            can.slowest, can.fastest, value=1.0, step=0.05, label=w("语速", "Speed"), elem_id="tts-speed", min_width=140
        )
    controls = Form(voice, emotion, intensity, speed, mix(w))
    controls.mix.used.change(
        lambda used: [gr.update(interactive=not used)] * 2,
        [controls.mix.used],
        [emotion, intensity],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    _presets(desk, w, controls, choice, kept)
    return controls


def _presets(desk: Desk, w: Language, controls: Form, choice: gr.Dropdown, kept: gr.BrowserState) -> None:
    """Fills the list of presets, and draws the means to save one."""
    can = desk.about.engine.capabilities
    ours = {w(preset.name, english): preset for preset, english in offered(can)}

    def choices(stored: object) -> list[str]:
        return [*ours, *(f"★ {preset.name}" for preset in saved(stored, can))]

    def chosen(name: str | None, stored: object) -> list[Any]:
        own = {f"★ {preset.name}": preset for preset in saved(stored, can)}
        preset: Preset | None = (ours | own).get(name or "")
        if preset is None:
            return [gr.skip()] * len(controls.inputs)
        return chosen_values(preset.voice, preset.emotion, preset.intensity, preset.speed, preset.vector)

    def save(name: str, stored: object, *how: Any) -> tuple[list[dict[str, Any]], Any, str]:
        with refusals(w):
            request = asked("。", *how).checked(can)
            own = added(saved(stored, can), name, request)
        label = f"★ {own[-1].name}"
        listed = [preset.to_json() for preset in own]
        return listed, gr.update(choices=choices(listed), value=label), ""

    def forget(name: str | None, stored: object) -> tuple[list[dict[str, Any]], Any]:
        left = [preset.to_json() for preset in saved(stored, can) if f"★ {preset.name}" != name]
        return left, gr.update(choices=choices(left), value=None)

    choice.choices = [(name, name) for name in ours]
    with (
        gr.Accordion(w("我的预设", "My presets"), open=False, elem_id="tts-presets"),
        gr.Row(equal_height=True, elem_classes="tts-line"),
    ):
        name = gr.Textbox(
            show_label=False,
            placeholder=w("给当前设置起个名字", "a name for these settings"),
            max_length=LONGEST_NAME,
            elem_id="tts-preset-name",
            container=False,
            scale=4,
            min_width=140,
        )
        keep = gr.Button(w("保存", "Save"), size="sm", elem_id="tts-preset-save", scale=1, min_width=64)
        drop = gr.Button(w("删除选中的", "Delete chosen"), size="sm", elem_id="tts-preset-drop", scale=1, min_width=90)
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    choice.input(chosen, [choice, kept], controls.inputs, **quiet)
    keep.click(
        save,
        [name, kept, *controls.inputs],
        [kept, choice, name],
        preprocess=False,
        api_visibility="private",
        show_progress="hidden",
    )
    drop.click(forget, [choice, kept], [kept, choice], **quiet)
    kept.change(lambda stored: gr.update(choices=choices(stored)), [kept], [choice], **quiet)
