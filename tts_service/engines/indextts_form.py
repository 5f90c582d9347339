"""What the page of IndexTTS asks for: its inputs, read from the running app, and filled in.

Versions 2 and 2.5 and their bundles differ in number and order of inputs, and their labels in language. An input is
known by the name of its parameter, else by its label; what isn't known keeps the value that the app itself gives it.
Gradio leaves hidden state out of ``/info``, yet its version 5 counts it in a call: its place is read from ``/config``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tts_service.engines.base import VECTOR
from tts_service.engines.indextts_failures import Kind, UpstreamFailed

API_NAME: Final = "gen_single"
_LABELS: Final = {
    "emo_control_method": ("情感控制方式", "Emotion control method"),
    "prompt": ("音色参考音频", "Voice Reference"),
    "text": ("文本", "Text"),
    "lang_choice": ("语言", "Language"),
    "emo_weight": ("情感权重", "Emotion control weight"),
    "duration_factor": ("时长系数", "Duration Factor"),
    "vec1": ("喜", "Happy"),
    "vec2": ("怒", "Angry"),
    "vec3": ("哀", "Sad"),
    "vec4": ("惧", "Afraid"),
    "vec5": ("厌恶", "Disgusted"),
    "vec6": ("低落", "Melancholic"),
    "vec7": ("惊喜", "Surprised"),
    "vec8": ("平静", "Calm"),
}
_BY_LABEL: Final = {label.lower(): name for name, labels in _LABELS.items() for label in labels}
_AS_REFERENCE: Final = 0
_BY_VECTOR: Final = 2
"""Places in the choice of what decides the emotion; the words are in the language of its machine."""
_VECTORS: Final = tuple(f"vec{index}" for index in range(1, len(VECTOR) + 1))


@dataclass(frozen=True)
class Input:
    """One input: its name in this module's words, the value it has when nobody touches it, its choices if any."""

    name: str
    default: object
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """One call: text as IndexTTS writes readings, the reference's path on its machine, eight values, length factor."""

    text: str
    reference: str
    vector: tuple[float, ...]
    duration_factor: float = 1.0
    language: str = "ZH"


@dataclass(frozen=True)
class Form:
    """All inputs in the order of a call; None stands for hidden state. `prefix` is that of Gradio's routes."""

    inputs: tuple[Input | None, ...]
    prefix: str

    @property
    def version(self) -> str:
        """``2.5``, the one that asks for a language, else ``2``."""
        return "2.5" if self._has("lang_choice") else "2"

    @property
    def paced(self) -> bool:
        """Whether it can speak faster or slower. Some pages of version 2 show the slider, but nothing heeds it."""
        return self._has("lang_choice") and self._has("duration_factor")

    def values(self, order: Order) -> list[Any]:
        """Fills in an order. With eight zeros the emotion is that of the reference."""
        return [None if item is None else self._value(item, order) for item in self.inputs]

    def _has(self, name: str) -> bool:
        return any(item is not None and item.name == name for item in self.inputs)

    def _value(self, item: Input, order: Order) -> object:
        if item.name in _VECTORS:
            return order.vector[_VECTORS.index(item.name)]
        if item.name == "emo_control_method":
            return item.choices[_BY_VECTOR if any(order.vector) else _AS_REFERENCE]
        known: dict[str, object] = {
            "prompt": file_data(order.reference),
            "text": order.text,
            "emo_weight": 1.0,  # the vector is sent as strong as it is meant
            "lang_choice": order.language if order.language in item.choices else item.default,
            "duration_factor": order.duration_factor if self.paced else item.default,
        }
        return known.get(item.name, item.default)


def file_data(path: str) -> dict[str, Any]:
    """Names an uploaded file as Gradio wants it named."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def read_form(config: Mapping[str, Any], info: Mapping[str, Any], prefix: str) -> Form:
    """Puts the app's answers to ``/config`` and ``/info`` together; raises UpstreamFailed for an app that isn't
    IndexTTS2.
    """
    try:
        listed = [_input(item) for item in info["named_endpoints"][f"/{API_NAME}"]["parameters"]]
        hidden = _hidden(config)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UpstreamFailed(
            Kind.OTHER, f"the app has no endpoint {API_NAME}: it isn't the page of IndexTTS2 or 2.5 ({error!r})"
        ) from error
    if len(hidden) != len(listed) + sum(hidden):
        hidden = [False] * len(listed)
    known = iter(listed)
    inputs = tuple(None if skip else next(known) for skip in hidden)
    names = {item.name for item in listed}
    missing = [name for name in ("prompt", "text", "emo_control_method", *_VECTORS) if name not in names]
    method = next((item for item in listed if item.name == "emo_control_method"), None)
    if missing or method is None or len(method.choices) <= _BY_VECTOR:
        told = ", ".join(missing) or "a choice of emotion vectors"
        raise UpstreamFailed(Kind.OTHER, f"the app's {API_NAME} lacks {told}: it isn't the page of IndexTTS2 or 2.5")
    return Form(inputs, prefix)


def _input(item: Mapping[str, Any]) -> Input:
    label = str(item.get("label") or "").strip().lower()
    name = str(item.get("parameter_name") or "")
    schema = item.get("type")
    choices: Sequence[Any] = schema.get("enum") or () if isinstance(schema, Mapping) else ()
    if name not in _LABELS:
        name = _BY_LABEL.get(label, name)
    return Input(name, item.get("parameter_default"), tuple(str(choice) for choice in choices))


def _hidden(config: Mapping[str, Any]) -> list[bool]:
    """Tells for each input of the call whether it is state that ``/info`` leaves out."""
    call = next(item for item in config["dependencies"] if item.get("api_name") == API_NAME)
    components = {item["id"]: item for item in config["components"]}
    return [components[number].get("type") == "state" for number in call["inputs"]]
