"""Writes the trained weights as a voice: ``python -m tts_service.training.export --version 1``."""

import argparse
from pathlib import Path

import torch

from tts_service.models.features import SAMPLE_RATE
from tts_service.models.store import VoiceDescription, token_fingerprint, write
from tts_service.models.vocoder import VocoderConfig
from tts_service.training.acoustic import config
from tts_service.training.corpus import WORK
from tts_service.training.prosody import EMOTIONS, SPEAKERS

VOICE = "qingyin"
VOICES = Path(__file__).parents[1] / "voices"


def export(work: Path, folder: Path, version: str) -> None:
    """Takes the averaged weights of ``acoustic.pt`` and ``vocoder-tuned.pt`` (else ``vocoder.pt``)."""
    tuned = work / "vocoder-tuned.pt"
    vocoder = tuned if tuned.exists() else work / "vocoder.pt"
    description = VoiceDescription(
        name=VOICE,
        version=version,
        sample_rate=SAMPLE_RATE,
        speakers=tuple(SPEAKERS),
        emotions=tuple(EMOTIONS),
        tokens=token_fingerprint(),
        acoustic=config(),
        vocoder=VocoderConfig(),
    )
    weights = [
        torch.load(path, map_location="cpu", weights_only=True)["averaged"] for path in (work / "acoustic.pt", vocoder)
    ]
    write(folder, description, *weights)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.1f} MB from acoustic.pt and {vocoder.name}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--out", type=Path, default=VOICES / VOICE)
    arguments = parser.parse_args()
    export(arguments.work, arguments.out, arguments.version)


if __name__ == "__main__":
    main()
