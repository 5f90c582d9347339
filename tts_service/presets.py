"""Presets: voice, emotion (or a mix), intensity and speed under one name; a few of ours, and those a visitor saved."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tts_service.engines.base import Capabilities, RequestRefused, SynthesisRequest

MOST: Final = 20
"""Presets that one visitor keeps."""
LONGEST_NAME: Final = 20


@dataclass(frozen=True)
class Preset:
    """A way to speak, and its name."""

    name: str
    voice: str
    emotion: str
    intensity: float
    speed: float
    vector: tuple[float, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it lies in the visitor's browser."""
        return {name: value for name, value in asdict(self).items() if value is not None}


BUILT_IN: Final = (
    (Preset("新闻播报", "云峰", "严肃", 0.8, 1.05), "News"),
    (Preset("客服应答", "清岚", "温柔", 1.0, 1.0), "Service desk"),
    (Preset("活动通知", "小禾", "开心", 1.0, 1.05), "Announcement"),
    (Preset("睡前故事", "若溪", "温柔", 1.2, 0.85), "Bedtime story"),
    (Preset("安全警示", "石磊", "严肃", 1.3, 0.95), "Safety notice"),
)
"""Ours, with their English names."""


def offered(capabilities: Capabilities) -> tuple[tuple[Preset, str], ...]:
    """Gives those of ours that this engine's voices and emotions can speak."""
    return tuple(
        (preset, english)
        for preset, english in BUILT_IN
        if preset.voice in capabilities.voices and preset.emotion in capabilities.emotions
    )


def saved(stored: object, capabilities: Capabilities) -> tuple[Preset, ...]:
    """Reads what a browser kept, which anybody may have changed: what this engine can't speak is left out."""
    items = stored if isinstance(stored, list | tuple) else ()
    presets = (_preset(item, capabilities) for item in items if isinstance(item, Mapping))
    return tuple(preset for preset in presets if preset is not None)[:MOST]


def added(presets: Iterable[Preset], name: str, request: SynthesisRequest) -> tuple[Preset, ...]:
    """Keeps a checked request's way to speak under a name; the same name is replaced. Raises RequestRefused."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise RequestRefused(
            f"请给预设起个名字，最多 {LONGEST_NAME} 字。", f"Give the preset a name of 1 to {LONGEST_NAME} characters."
        )
    kept = tuple(preset for preset in presets if preset.name != name)
    if len(kept) >= MOST:
        raise RequestRefused(f"最多保存 {MOST} 个预设，请先删除一个。", f"At most {MOST} presets: delete one first.")
    return (
        *kept,
        _named(name, request),
    )


def _preset(item: Mapping[str, Any], capabilities: Capabilities) -> Preset | None:
    name = item.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        return None
    try:
        request = SynthesisRequest(
            "。",
            voice=item.get("voice"),
            emotion=item.get("emotion"),
            intensity=item.get("intensity", 1.0),
            speed=item.get("speed", 1.0),
            vector=item.get("vector"),
        ).checked(capabilities)
    except RequestRefused:
        return None
    return _named(name.strip(), request)


def _named(name: str, request: SynthesisRequest) -> Preset:
    return Preset(name, request.voice or "", request.emotion or "", request.intensity, request.speed, request.vector)
