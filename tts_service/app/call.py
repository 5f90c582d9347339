"""What a client asks for in ``POST /v1/audio/speech``, checked: OpenAI's fields and ours."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tts_service.app.errors import ApiError
from tts_service.engines.base import Capabilities, Declaration, SynthesisRequest
from tts_service.sound_file import FORMATS, Format, available

MODELS: Final = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's names, which many clients send unasked; each of them is the engine that runs."""
VOICES: Final = {
    "alloy": "清岚", "nova": "清岚", "coral": "若溪", "sage": "若溪", "marin": "若溪", "shimmer": "小禾",
    "ash": "云峰", "echo": "云峰", "verse": "云峰", "ballad": "石磊", "fable": "石磊", "cedar": "石磊", "onyx": "老周",
}  # fmt: skip
"""OpenAI's voice names and the one of ours that takes their place (an engine without it takes its first voice)."""
EMOTIONS: Final = {
    "neutral": "中性", "happy": "开心", "sad": "悲伤", "angry": "生气", "serious": "严肃", "gentle": "温柔",
}  # fmt: skip
"""English names of emotions."""
_FIELDS: Final = frozenset(
    ["model", "input", "voice", "response_format", "speed", "stream_format", "emotion", "intensity", "emotion_vector",
     "seed", "reference_audio", "declaration"]
)  # fmt: skip
_STREAMS: Final = ("audio", "sse")
_NUMBERS: Final = ("speed", "intensity", "seed")


@dataclass(frozen=True)
class Call:
    """A checked call. `streamed`: the first bytes leave before the sound is finished; `sse`: as events.

    `recording` is the reference as it came, not yet admitted. `ignored` names fields that have no meaning here.
    """

    request: SynthesisRequest
    format: Format
    streamed: bool
    sse: bool
    recording: bytes | None
    declaration: Declaration
    ignored: tuple[str, ...]


def understood(fields: Mapping[str, Any], capabilities: Capabilities, engine: str) -> Call:
    """Checks a call's fields (of JSON, or texts of a form) and fills in defaults.

    Raises ApiError and RequestRefused, which name the field and what is allowed.
    """
    fields = {name: _unquoted(name, value) for name, value in fields.items() if value is not None}
    _check_model(fields.get("model", MODELS[0]), engine)
    form = fields.get("response_format", "")
    form = "mp3" if form == "" else _chosen(form, "response_format", available())  # a form sends what is left empty
    stream = fields.get("stream_format")
    if stream is not None:
        stream = _chosen(stream, "stream_format", _STREAMS)
    recording = _recording(fields.get("reference_audio"))
    declaration = _declaration(fields)
    if recording is None and declaration != Declaration("", "", ""):
        zh, en = "有声明，但没有参考音频。", "There is a declaration, but no reference_audio."
        raise ApiError(400, "missing_reference", zh, en, "reference_audio")
    if recording is not None and not (capabilities.cloning or capabilities.matching):
        zh, en = "这个引擎不支持参考音频。", "This engine takes no reference recording."
        raise ApiError(400, "invalid_value", zh, en, "reference_audio")
    request = SynthesisRequest(
        text=fields.get("input", ""),
        voice=_voice(fields.get("voice"), capabilities),
        emotion=_emotion(fields.get("emotion")),
        speed=fields.get("speed", 1.0),
        intensity=fields.get("intensity", 1.0),
        vector=fields.get("emotion_vector"),
        seed=fields.get("seed", 0),
    ).checked(capabilities)
    known = _FIELDS | {name for name in fields if name.startswith("declaration[")}
    ignored = tuple(sorted(name[:40] for name in fields.keys() - known if name[:40].isidentifier() and name.isascii()))
    shape = FORMATS[form]
    # What a recording was used for is put on record with the whole sound, before any of it leaves.
    streamed = recording is None and (stream is not None or shape.open_ended)
    return Call(request, shape, streamed, stream == "sse", recording, declaration, ignored[:16])


def _unquoted(name: str, value: object) -> object:
    """A form knows only texts: numbers and lists in it are written as in JSON."""
    if not isinstance(value, str) or not (name in _NUMBERS or (name == "emotion_vector" and value.startswith("["))):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _check_model(model: object, engine: str) -> None:
    if isinstance(model, str) and (model in (engine, "", *MODELS) or model.startswith(f"{MODELS[2]}-")):
        return
    allowed = ", ".join((engine, *MODELS))
    raise ApiError(404, "model_not_found", f"没有这个模型。可选：{allowed}。", f"Allowed models: {allowed}.", "model")


def _chosen(value: object, param: str, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    names = ", ".join(allowed)
    raise ApiError(400, "invalid_value", f"{param} 可选：{names}。", f"{param} must be one of {names}.", param)


def _voice(value: object, capabilities: Capabilities) -> Any:
    if isinstance(value, dict):  # newer clients name a voice of one's own as {"id": …}
        value = value.get("id", value)
    if isinstance(value, str) and value in VOICES and value not in capabilities.voices:
        ours = VOICES[value]
        return ours if ours in capabilities.voices else capabilities.voices[0]
    return value


def _emotion(value: object) -> Any:
    return EMOTIONS.get(value, value) if isinstance(value, str) else value


def _recording(value: object) -> bytes | None:
    """The recording of a form (a file) or of JSON (base64, perhaps as a ``data:`` URL)."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        if isinstance(value, str):
            return base64.b64decode(value.partition(",")[2] if value.startswith("data:") else value, validate=True)
    except (ValueError, binascii.Error):
        pass
    zh, en = "reference_audio 须为文件或 base64。", "reference_audio must be a file or base64."
    raise ApiError(400, "invalid_value", zh, en, "reference_audio")


def _declaration(fields: Mapping[str, Any]) -> Declaration:
    """The declaration as an object, as its JSON in a form, or as a form's ``declaration[source]`` and so on."""
    value = fields.get("declaration", {})
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    names = ("source", "consent", "purpose")
    if isinstance(value, dict):
        stated = [value.get(name, fields.get(f"declaration[{name}]", "")) for name in names]
        if all(isinstance(text, str) for text in stated):
            return Declaration(*stated)
    zh = "declaration 须含 source、consent、purpose 三项文字。"
    raise ApiError(400, "invalid_value", zh, "declaration takes the texts source, consent and purpose.", "declaration")
