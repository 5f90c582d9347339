"""Throughput of the voice's networks in batches on a GPU: seconds of speech a second, over batch sizes.

The engine speaks one sentence after the other; this shows what the networks could do with many at once. A batch holds
copies of one sentence, so that nothing is padding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts_service.models.acoustic import spread
from tts_service.models.features import SAMPLE_RATE, log_mel
from tts_service.models.position import positions
from tts_service.models.symbols import SILENCE, encode
from tts_service.models.voice import Voice
from tts_service.text.frontend import FrontEnd

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_WARM_UP = 2


@torch.inference_mode()
def speak_batch(voice: Voice, units: Sequence[str], batch: int, device: torch.device) -> Tensor:
    """Speaks `batch` copies of an utterance at once, units → sound (batch, samples), on `device`."""
    model, vocoder = voice.acoustic, voice.vocoder
    ids = [SILENCE, *encode(units), SILENCE]
    places = torch.from_numpy(np.tile(positions(ids), (batch, 1, 1))).to(device)
    feeling = torch.zeros(batch, len(voice.emotions), device=device)
    feeling[:, 0] = 1.0
    encoded, logarithms = model.encode(
        torch.tensor([ids] * batch, device=device),
        places,
        torch.zeros(batch, dtype=torch.long, device=device),
        feeling,
        torch.zeros(batch, device=device),
    )
    over = spread(torch.expm1(logarithms).clamp(min=0.0))
    frames = model.expand(encoded, over)
    prosody = model.prosody(frames, over.mask)
    voiced = (prosody.voicing > 0).float()
    mel = model.decode(frames, prosody.pitch, voiced, over.mask)
    sound: Tensor = vocoder(mel, prosody.pitch, voiced)
    return sound


def throughput(
    voice: Voice, units: Sequence[str], batches: Sequence[int], rounds: int, device: torch.device
) -> list[dict[str, Any]]:
    """Seconds of speech a second for each batch size, medians of `rounds`; stops where the memory ends."""
    rows: list[dict[str, Any]] = []
    for batch in batches:
        times = []
        try:
            for _ in range(_WARM_UP + rounds):
                _finish(device)
                begun = time.perf_counter()
                samples = speak_batch(voice, units, batch, device).numel()
                _finish(device)
                times.append(time.perf_counter() - begun)
        except torch.OutOfMemoryError:
            break
        memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
        rows.append(
            {
                "batch": batch,
                "speech_seconds_per_second": round(samples / SAMPLE_RATE / median(times[_WARM_UP:]), 1),
                "milliseconds": round(1000 * median(times[_WARM_UP:]), 2),
                "peak_memory_mb": round(memory / 2**20),
            }
        )
    return rows


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def mel_difference_db(folder: Path, units: Sequence[str], device: torch.device) -> float:
    """How far the mel bands of the sound made on `device` are from the CPU's, mean over bands and frames, in dB.

    Samples can't be compared: a pitch that differs by a millionth moves every pulse in the end.
    """
    mels = []
    for place in ("cpu", str(device)):
        voice = Voice.load(folder, place)
        sound = voice.synthesize(units, speaker=voice.speakers[0], emotion=voice.emotions[0])
        mels.append(log_mel(torch.from_numpy(sound)[None])[0].clamp(min=-9))
    length = min(map(len, mels))
    return float((mels[0][:length] - mels[1][:length]).abs().mean()) * 20 / math.log(10)


def gpu_figures(folder: Path, text: str, rounds: int) -> dict[str, Any] | str:
    """The GPU's part of the report; a sentence that says why there is none."""
    if not torch.cuda.is_available():
        return "no CUDA device here, nothing measured"
    device = torch.device("cuda")
    units = FrontEnd().read(text).sentences[0].units
    voice = Voice.load(folder, "cuda")
    rows = throughput(voice, units, BATCHES, rounds, device)
    best = max(rows, key=lambda row: float(row["speech_seconds_per_second"]))
    return {
        "device": torch.cuda.get_device_name(device),
        "best_batch": best["batch"],
        "best_speech_seconds_per_second": best["speech_seconds_per_second"],
        "mel_difference_to_cpu_db": round(mel_difference_db(folder, units, device), 3),
        "batches": rows,
    }
