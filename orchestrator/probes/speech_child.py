"""The speech probe itself; runs in the child process, where gradio_client and numpy may be imported."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.probes.limits import SpeechLimits

_SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac")


class _Refused(Exception):
    """The service can't be asked or didn't speak; the text is the result's `detail`."""


def probe(task: dict[str, Any]) -> dict[str, Any]:
    """The finding for one task, as `SpeechResult`'s fields."""
    try:
        from orchestrator.probes.sound import NoSound, faults, keep_as_wav, measure  # noqa: PLC0415
    except ImportError as error:
        return _no(f"the speech probe needs the extra `probe` (pip install 'zentao-deploy[probe]'): {error}")
    try:
        with tempfile.TemporaryDirectory(prefix="zentao-deploy-speech-") as folder:
            tempfile.tempdir = folder  # the client leaves folders of its own there; this process does nothing else
            file, info, waited = _synthesise(task, folder)
            sound = measure(file)
            keep_as_wav(file, Path(task["out"]))
    except _Refused as refused:
        return _no(str(refused))
    except NoSound as none:
        return _no(f"{task['api_name']} gave no usable sound: {none}")
    rtf = _rtf(info)
    told = rtf is not None
    rtf = rtf if rtf is not None else waited / sound.seconds
    wrong = faults(sound, rtf, SpeechLimits(**task["limits"]))
    figures = f"{sound.seconds:.2f} s at {sound.sample_rate} Hz, loudness {sound.rms:.3f}, peak {sound.peak:.3f}, "
    figures += f"rtf {rtf:.3f}{'' if told else ' measured'}"
    detail = f"{'; '.join(wrong)} ({figures})" if wrong else f"it spoke: {figures}"
    return {"ok": not wrong, "detail": detail, **asdict(sound), "rtf": round(rtf, 5)}


def _no(detail: str) -> dict[str, Any]:
    return {"ok": False, "detail": detail}


def _synthesise(task: dict[str, Any], folder: str) -> tuple[Path, list[Any], float]:
    """Asks the service; gives the sound's file, everything else that came back, and the seconds that it took."""
    from gradio_client import Client  # noqa: PLC0415
    from gradio_client.exceptions import AppError  # noqa: PLC0415

    url, api_name = task["url"], task["api_name"]
    try:
        client = Client(
            url, verbose=False, analytics_enabled=False, download_files=folder,
            httpx_kwargs={"timeout": max(1.0, _left(task)), "trust_env": False},
        )  # fmt: skip
        values = _values(client, api_name, task["inputs"])
        begun = time.monotonic()
        answer = client.submit(api_name=api_name, **values).result(timeout=max(0.1, _left(task)))
        waited = time.monotonic() - begun
    except _Refused:
        raise
    except TimeoutError as error:
        raise _Refused(f"{api_name} did not answer in time") from error
    except AppError as error:
        raise _Refused(f"{api_name} answered with an error: {_short(error)}") from error
    except Exception as error:  # whatever the client library raises, it is the service's doing
        raise _Refused(f"{url} could not be asked for speech: {_short(error)}") from error
    parts = list(answer) if isinstance(answer, tuple | list) else [answer]
    for place in _places(parts):
        file = Path(place)
        if file.suffix.lower() in _SOUNDS and file.is_file() and file.resolve().is_relative_to(Path(folder).resolve()):
            return file, parts, waited
    raise _Refused(f"{api_name} answered without a sound file")


def _values(client: Any, api_name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs under the names that the endpoint gives them: its parameter names, or the labels on the page."""
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    if api_name not in endpoints:
        raise _Refused(f"the service has no endpoint {api_name} (it has: {', '.join(sorted(endpoints)) or 'none'})")
    parameters = endpoints[api_name]["parameters"]
    by_label = {str(item.get("label", "")).casefold(): item["parameter_name"] for item in parameters}
    names = [item["parameter_name"] for item in parameters]
    values = {}
    for name, value in inputs.items():
        known = name if name in names else by_label.get(name.casefold())
        if known is None:
            raise _Refused(f"{api_name} has no input {name!r} (it has: {', '.join(names)})")
        values[known] = value
    missing = [item["parameter_name"] for item in parameters if not item.get("parameter_has_default")]
    missing = [name for name in missing if name not in values]
    if missing:
        raise _Refused(f"{api_name} needs the inputs {', '.join(missing)}, which the playbook does not name")
    return values


def _places(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) < 4096 and "\0" not in value:
        yield value
    elif isinstance(value, dict):
        for key in ("path", "value", "name"):
            yield from _places(value.get(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _places(item)


def _rtf(parts: list[Any]) -> float | None:
    """The real-time factor that the service itself tells beside the sound, if it does."""
    for part in parts:
        info = part
        if isinstance(part, str) and part.lstrip().startswith("{"):
            with contextlib.suppress(ValueError):
                info = json.loads(part)
        if isinstance(info, dict):
            rtf = info.get("rtf")
            if isinstance(rtf, int | float) and not isinstance(rtf, bool) and math.isfinite(rtf) and rtf >= 0:
                return float(rtf)
    return None


def _left(task: dict[str, Any]) -> float:
    return float(task["deadline"]) - time.monotonic()


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:300] + "…"
