"""A voice on disk: a folder with a description, weights and a manifest of sizes and SHA-256 sums.

``voice.json``            what the voice is: speakers, emotions, sizes of the two networks, tokens it was trained with
``acoustic.safetensors``  weights of the acoustic model, 16-bit floats
``vocoder.safetensors``   weights of the vocoder, 16-bit floats
``manifest.json``         size and SHA-256 of the three files above
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tts_service.models.acoustic import AcousticConfig
from tts_service.models.symbols import TOKENS
from tts_service.models.vocoder import VocoderConfig

DESCRIPTION: Final = "voice.json"
ACOUSTIC: Final = "acoustic.safetensors"
VOCODER: Final = "vocoder.safetensors"
MANIFEST: Final = "manifest.json"


class VoiceError(Exception):
    """A voice's folder is incomplete, altered or made for another version; the message says which file and why."""


@dataclass(frozen=True)
class VoiceDescription:
    """What ``voice.json`` holds. `tokens` is the fingerprint of the token table that the weights were trained with."""

    name: str
    version: str
    sample_rate: int
    speakers: tuple[str, ...]
    emotions: tuple[str, ...]
    tokens: str
    acoustic: AcousticConfig
    vocoder: VocoderConfig


def token_fingerprint() -> str:
    """Names the token table: weights fit only the table they were trained with."""
    return hashlib.sha256("\n".join(TOKENS).encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> None:
    """Checks every file of a voice against its manifest; raises VoiceError for the first that differs."""
    try:
        manifest: dict[str, dict[str, Any]] = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VoiceError(f"{folder / MANIFEST}: no readable manifest ({error})") from error
    for name in (DESCRIPTION, ACOUSTIC, VOCODER):
        path, expected = folder / name, manifest.get(name)
        if expected is None:
            raise VoiceError(f"{folder / MANIFEST}: does not list {name}")
        if not path.is_file():
            raise VoiceError(f"{path}: missing")
        size = path.stat().st_size
        if size != expected.get("size"):
            raise VoiceError(f"{path}: {size} bytes instead of {expected.get('size')}; fetch the file again")
        if _digest(path) != expected.get("sha256"):
            raise VoiceError(f"{path}: SHA-256 differs from the manifest; fetch the file again")


def read_description(folder: Path) -> VoiceDescription:
    """Reads ``voice.json``; raises VoiceError when it is unreadable or its weights speak another token table."""
    path = folder / DESCRIPTION
    try:
        raw = json.loads(path.read_text("utf-8"))
        found = VoiceDescription(
            name=raw["name"],
            version=raw["version"],
            sample_rate=raw["sample_rate"],
            speakers=tuple(raw["speakers"]),
            emotions=tuple(raw["emotions"]),
            tokens=raw["tokens"],
            acoustic=AcousticConfig(**raw["acoustic"]),
            vocoder=VocoderConfig(**raw["vocoder"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VoiceError(f"{path}: no readable description ({error})") from error
    if found.tokens != token_fingerprint():
        raise VoiceError(f"{path}: made for another token table ({found.tokens}, here {token_fingerprint()})")
    return found


def read_weights(path: Path) -> dict[str, Tensor]:
    """Reads weights as 32-bit floats; raises VoiceError when the file is no safetensors file."""
    try:
        return {name: value.float() for name, value in load_file(path).items()}
    except Exception as error:  # safetensors raises its own type, which it does not export
        raise VoiceError(f"{path}: no readable weights ({error})") from error


def write(folder: Path, description: VoiceDescription, acoustic: dict[str, Tensor], vocoder: dict[str, Tensor]) -> None:
    """Writes a voice with its manifest; weights are stored as 16-bit floats."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(description), ensure_ascii=False, indent=2)
    (folder / DESCRIPTION).write_text(text + "\n", "utf-8")
    for name, weights in ((ACOUSTIC, acoustic), (VOCODER, vocoder)):
        save_file({key: value.to(torch.float16).contiguous().cpu() for key, value in weights.items()}, folder / name)
    files = {
        name: {"size": (folder / name).stat().st_size, "sha256": _digest(folder / name)}
        for name in (DESCRIPTION, ACOUSTIC, VOCODER)
    }
    (folder / MANIFEST).write_text(json.dumps({"files": files}, indent=2) + "\n", "utf-8")
