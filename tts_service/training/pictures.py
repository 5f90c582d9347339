"""Pictures and sounds of a voice beside its teacher, to look at and listen to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from PIL import Image, ImageDraw

from tts_service.models.acoustic import PITCH_CENTRE
from tts_service.models.features import SAMPLE_RATE, log_mel
from tts_service.models.symbols import decode
from tts_service.models.voice import Voice
from tts_service.training.corpus import Example
from tts_service.training.heldout import units_of

_HEIGHT, _FRAME, _LOW, _HIGH = 240, 4, 60.0, 500.0


def panel(
    mel: npt.NDArray[np.floating],
    pitch: npt.NDArray[np.floating],
    voiced: npt.NDArray[np.floating],
    tokens: Sequence[int],
    durations: npt.NDArray[np.floating],
) -> Image.Image:
    """A mel spectrogram with token borders (blue), names (yellow) and pitch (red, 60 to 500 Hz, logarithmic)."""
    grey = (255 * np.clip((mel.astype(float) + 9) / 8, 0, 1)).astype(np.uint8).T[::-1]
    image = Image.fromarray(np.ascontiguousarray(grey)).convert("RGB").resize((mel.shape[0] * _FRAME, _HEIGHT))
    draw = ImageDraw.Draw(image)
    for frame in np.flatnonzero(voiced > 0):
        y = _HEIGHT * float(1 - np.log(pitch[frame] / _LOW) / np.log(_HIGH / _LOW))
        x = int(frame) * _FRAME
        draw.rectangle((x, y - 1, x + _FRAME - 1, y + 1), fill=(255, 60, 60))
    edges = np.concatenate([[0], np.cumsum(durations)])
    for name, edge in zip(decode(tokens), edges[:-1], strict=True):
        draw.line((edge * _FRAME, 0, edge * _FRAME, _HEIGHT), fill=(0, 120, 255))
        draw.text((edge * _FRAME + 2, 14 if name[0] == "#" else 2), name.removeprefix("en:"), fill=(255, 255, 0))
    return image


def column(panels: Sequence[Image.Image]) -> Image.Image:
    """Panels one under the other."""
    sheet = Image.new("RGB", (max(p.width for p in panels), len(panels) * (_HEIGHT + 6)), (60, 60, 60))
    for row, one in enumerate(panels):
        sheet.paste(one, (0, row * (_HEIGHT + 6)))
    return sheet


def draw(voice: Voice, examples: Sequence[Example], folder: Path) -> None:
    """Writes ``<n>.png`` (teacher above, voice below), ``<n>-teacher.wav`` and ``<n>-voice.wav`` for each example."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, example in enumerate(examples):
        score = voice.score(
            units_of(example),
            speaker=voice.speakers[example.speaker],
            emotion=voice.emotions[example.emotion],
            speed=float(np.exp(-example.pace)),
        )
        sound = next(voice.sound(score))
        tokens = example.tokens.tolist()
        mel = log_mel(torch.from_numpy(sound)[None])[0].numpy()
        pitch = np.exp(score.pitch[0].numpy() + PITCH_CENTRE)
        ours = panel(mel, pitch, score.voiced[0].numpy(), tokens, score.durations.numpy())
        theirs = panel(example.mel, example.pitch, example.voiced, tokens, example.durations)
        column([theirs, ours]).save(folder / f"{number}.png")
        soundfile.write(folder / f"{number}-teacher.wav", example.sound, SAMPLE_RATE)
        soundfile.write(folder / f"{number}-voice.wav", sound, SAMPLE_RATE)
