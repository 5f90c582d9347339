"""Which engine a service speaks with: chosen by name, the rest from the environment."""

import atexit
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tts_service.engines.auto import AutoEngine
from tts_service.engines.base import Engine, EngineFailed
from tts_service.engines.bundled import BundledEngine
from tts_service.engines.indextts import IndexTTSEngine
from tts_service.engines.indextts_process import Checkout
from tts_service.engines.indextts_upstream import IndexTTSSettings

NAMES: Final = ("bundled", "indextts", "auto")
_VERSIONS: Final = ("2", "2.5")


def choose(
    name: str,
    shared: Path,
    *,
    device: str = "auto",
    low_memory: bool = False,
    say: Callable[[str], None] = print,
    environment: Mapping[str, str] = os.environ,
) -> Engine:
    """Makes the engine, not loaded yet. ``""`` takes ``TTS_ENGINE``, else ``bundled``.

    `environment` says where IndexTTS is (``TTS_INDEXTTS_URL`` or ``TTS_INDEXTTS_DIR``, see docs/engines.md). ``auto``
    with neither is the bundled engine. A process that was started is ended when ours exits. Raises EngineFailed with
    what is missing or wrong.
    """
    name = name or environment.get("TTS_ENGINE") or "bundled"
    if name not in NAMES:
        raise EngineFailed(f"no engine {name[:40]!r}: choose one of {', '.join(NAMES)} (--engine or TTS_ENGINE)")
    bundled = BundledEngine(shared, device=device, low_memory=low_memory, say=say)
    if name == "bundled":
        return bundled
    settings = indextts_settings(environment, shared, device=device, low_memory=low_memory)
    if settings is None:
        if name == "indextts":
            raise EngineFailed(
                "engine indextts needs TTS_INDEXTTS_URL (its running page) or TTS_INDEXTTS_DIR (checkout)"
            )
        say("engine auto: neither TTS_INDEXTTS_URL nor TTS_INDEXTTS_DIR is set, so the bundled engine speaks")
        return bundled
    indextts = IndexTTSEngine(shared, settings, say=say)
    atexit.register(indextts.close)
    return indextts if name == "indextts" else AutoEngine(indextts, bundled, say=say)


def indextts_settings(
    environment: Mapping[str, str], shared: Path, *, device: str = "auto", low_memory: bool = False
) -> IndexTTSSettings | None:
    """Reads where IndexTTS is and how it runs; None when nothing says so. Raises EngineFailed for a wrong value."""
    url = environment.get("TTS_INDEXTTS_URL", "").strip()
    folder = environment.get("TTS_INDEXTTS_DIR", "").strip()
    if not url and not folder:
        return None
    if url and folder:
        raise EngineFailed("TTS_INDEXTTS_URL and TTS_INDEXTTS_DIR are both set: give the one or the other")
    if url and not _is_address(url):
        raise EngineFailed(f"TTS_INDEXTTS_URL {url[:80]!r} is no address: http://127.0.0.1:7860 is one")
    version = environment.get("TTS_INDEXTTS_VERSION") or "2.5"
    if version not in _VERSIONS:
        raise EngineFailed(f"TTS_INDEXTTS_VERSION {version[:20]!r}: versions 2 and 2.5 are known")
    weights = environment.get("TTS_INDEXTTS_WEIGHTS", "").strip()
    checkout = Checkout(
        Path(folder).resolve(),
        version,
        int(_number(environment, "TTS_INDEXTTS_PORT", 0, 65535)),
        device,
        low_memory,
        Path(weights).resolve() if weights else None,
    )
    return IndexTTSSettings(
        url=url,
        checkout=checkout if folder else None,
        voices=Path(environment.get("TTS_INDEXTTS_VOICES") or shared / "indextts_voices"),
        low_memory=low_memory,
        patience=_number(environment, "TTS_INDEXTTS_PATIENCE", 180, 86_400),
        loading=_number(environment, "TTS_INDEXTTS_LOADING", 1200, 86_400),
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        return False


def _number(environment: Mapping[str, str], name: str, default: float, most: float) -> float:
    told = environment.get(name, "").strip()
    if not told:
        return default
    try:
        number = float(told)
    except ValueError:
        number = -1.0
    if not 0 < number <= most:
        raise EngineFailed(f"{name} {told[:20]!r}: a number above 0, at most {most:g}, is expected")
    return number
