"""The eight values of an emotion vector as sliders, which take the place of the emotion's buttons once asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from tts_service.app.words import Language
from tts_service.engines.base import VECTOR

_NAMES: Final = {
    "happy": "开心", "angry": "生气", "sad": "悲伤", "afraid": "害怕", "disgusted": "厌恶", "melancholic": "忧郁",
    "surprised": "惊讶", "calm": "平静",
}  # fmt: skip


@dataclass(frozen=True)
class Mix:
    """The controls: whether the mix is used, and its values in the order of `VECTOR`."""

    used: gr.Checkbox
    values: tuple[gr.Slider, ...]

    @property
    def inputs(self) -> list[gr.components.Component]:
        """What goes into a function that speaks; `mixed` reads it."""
        return [self.used, *self.values]


def mixed(used: object, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """The vector as a request takes it, still unchecked: a client may have sent anything. None: it isn't used."""
    return tuple(values) if used else None


def mix_values(vector: Sequence[float] | None) -> list[Any]:
    """What the controls show for a vector; None leaves the sliders where they are and doesn't use them."""
    return [vector is not None, *(vector if vector is not None else [gr.skip()] * len(VECTOR))]


def mix(w: Language) -> Mix:
    """Draws the controls, folded away and not in use."""
    with gr.Accordion(w("高级：情绪混合", "Advanced: emotion mix"), open=False, elem_id="tts-mix"):
        used = gr.Checkbox(
            False,
            label=w("启用（代替上面的情感和强度）", "Use it (instead of emotion and intensity above)"),
            container=False,
            elem_id="tts-mix-used",
        )
        with gr.Row(elem_classes="tts-mix"):
            values = tuple(
                gr.Slider(
                    0.0,
                    1.0,
                    value=0.0,
                    step=0.05,
                    label=w.label(_NAMES[name]),
                    elem_id=f"tts-mix-{name}",
                    min_width=130,
                )
                for name in VECTOR
            )
        hint = w(
            "每项 0 到 1，全为 0 即中性。音色没有的情感归到最接近的一种，例如害怕归入悲伤。",
            "Each from 0 to 1; all 0 is neutral. What a voice has no emotion for goes to the nearest: afraid to sad.",
        )
        gr.HTML(f'<p class="tts-hint">{hint}</p>')
    return Mix(used, values)
