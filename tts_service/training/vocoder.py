"""Trains the vocoder: ``python -m tts_service.training.vocoder --minutes 40 --hours 6``.

Learns from short cuts of the teacher's sound and its own mel bands and pitch, by spectra at several resolutions.
With ``--tune`` it goes on with mel bands that the trained acoustic model predicts, which is what it will be given.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts_service.models.acoustic import PITCH_CENTRE, AcousticModel, spread
from tts_service.models.features import HOP, amplitudes, log_mel
from tts_service.models.vocoder import Vocoder, VocoderConfig
from tts_service.training.acoustic import batch, config, window
from tts_service.training.corpus import WORK, Example, load
from tts_service.training.loop import Loop, device

_SEED = 11
_CUT = 48  # frames of a training cut
_EDGE = 18  # frames beyond a cut that the decoder sees
_RESOLUTIONS = ((256, 64), (512, 128), (1024, 256), (2048, 512))
_FLOOR = 1e-4


def _spectrum(sound: Tensor, size: int, hop: int) -> Tensor:
    window = torch.hann_window(size, device=sound.device)
    return amplitudes(torch.stft(sound, size, hop, window=window, return_complex=True))


def spectral_losses(made: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Distance of two sounds (batch, samples) by spectra at several resolutions and by mel bands."""
    logarithm = made.new_zeros(())
    convergence = made.new_zeros(())
    for size, hop in _RESOLUTIONS:
        floor = _FLOOR * size
        with torch.no_grad():  # nothing is learned from the real sound: a third of a step's time
            theirs = _spectrum(real, size, hop)
            wanted, loudness = torch.log(theirs + floor), torch.linalg.norm(theirs)
        ours = _spectrum(made, size, hop)
        logarithm = logarithm + (torch.log(ours + floor) - wanted).abs().mean()
        convergence = convergence + torch.linalg.norm(ours - theirs) / loudness
    with torch.no_grad():
        bands = log_mel(real).clamp(min=-9.0)
    mel = (log_mel(made).clamp(min=-9.0) - bands).abs().mean()
    count = len(_RESOLUTIONS)
    return {"log": logarithm / count, "convergence": 0.5 * convergence / count, "mel": 0.5 * mel}


class Cuts:
    """Random cuts from random utterances, decided by a seed and the step."""

    def __init__(self, examples: Sequence[Example], size: int, on: torch.device) -> None:
        self.examples = [e for e in examples if len(e.pitch) >= _CUT]
        self.size, self.on = size, on

    def __call__(self, step: int) -> tuple[list[Example], list[int]]:
        chance = random.Random(_SEED * 1_000_003 + step)
        chosen = [self.examples[chance.randrange(len(self.examples))] for _ in range(self.size)]
        return chosen, [chance.randrange(len(e.pitch) - _CUT + 1) for e in chosen]

    def tensors(self, chosen: list[Example], starts: list[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """mel, pitch, voiced and sound of cuts."""
        cuts = [(e, slice(s, s + _CUT), slice(s * HOP, (s + _CUT) * HOP)) for e, s in zip(chosen, starts, strict=True)]
        mel = torch.from_numpy(np.stack([e.mel[f] for e, f, _ in cuts]).astype(np.float32))
        pitch = torch.from_numpy(np.stack([np.log(e.pitch[f]) - PITCH_CENTRE for e, f, _ in cuts]))
        voiced = torch.from_numpy(np.stack([e.voiced[f] for e, f, _ in cuts]))
        sound = torch.from_numpy(np.stack([e.sound[s] for e, _, s in cuts]).astype(np.float32) / 32768)
        return mel.to(self.on), pitch.to(self.on), voiced.to(self.on), sound.to(self.on)


def _predicted(model: AcousticModel, chosen: list[Example], starts: list[int], on: torch.device) -> Tensor:
    """The acoustic model's mel bands for cuts, at the teacher's durations and pitch."""
    with torch.no_grad():
        data = batch(chosen, on)
        encoded, _ = model.encode(data.ids, data.places, data.speaker, data.emotion, data.pace)
        frames = data.mel.shape[1]
        width = min(_CUT + 2 * _EDGE, frames)
        firsts = [min(max(start - _EDGE, 0), frames - width) for start in starts]
        over, index = window(spread(data.durations, frames), torch.tensor(firsts, device=on), width)
        pitch, voiced = torch.gather(data.pitch, 1, index), torch.gather(data.voiced, 1, index)
        mel = model.decode(model.expand(encoded, over), pitch, voiced, over.mask)
    offsets = [start - first for start, first in zip(starts, firsts, strict=True)]
    return torch.stack([row[offset : offset + _CUT] for row, offset in zip(mel, offsets, strict=True)])


def begin_anew_if_outdated(tuned: Path, first: Path) -> None:
    """Drops a tuning that began before the vocoder learned more: going on with it would waste what was learned."""
    if tuned.exists() and tuned.stat().st_mtime < first.stat().st_mtime:
        print(f"{tuned.name}: begun anew, {first.name} has learned since", flush=True)
        tuned.unlink()


def train(work: Path, *, minutes: float, hours: float, size: int, rate: float, tune: bool) -> None:
    """Trains and leaves ``vocoder.pt`` (or ``vocoder-tuned.pt``, begun from it) in the work folder."""
    torch.manual_seed(_SEED)
    on = device()
    model = Vocoder(VocoderConfig()).to(on)
    print(f"vocoder: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters on {on}", flush=True)
    acoustic: AcousticModel | None = None
    if tune:
        begin_anew_if_outdated(work / "vocoder-tuned.pt", work / "vocoder.pt")
        model.load_state_dict(
            torch.load(work / "vocoder.pt", map_location=on, weights_only=True)["averaged"], strict=False
        )
        acoustic = AcousticModel(config()).to(on).eval()
        acoustic.load_state_dict(torch.load(work / "acoustic.pt", map_location=on, weights_only=True)["averaged"])
    cuts = Cuts(load(work / "corpus", hours), size, on)

    def losses(step: int) -> dict[str, Tensor]:
        chosen, starts = cuts(step)
        mel, pitch, voiced, sound = cuts.tensors(chosen, starts)
        if acoustic is not None:
            mel = _predicted(acoustic, chosen, starts, on)
        return spectral_losses(model(mel, pitch, voiced), sound)

    name = "vocoder-tuned.pt" if tune else "vocoder.pt"
    Loop(model, work / name, minutes=minutes, rate=rate).run(losses)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--work", type=Path, default=WORK)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(
        arguments.work,
        minutes=arguments.minutes,
        hours=arguments.hours,
        size=arguments.batch,
        rate=arguments.rate,
        tune=arguments.tune,
    )


if __name__ == "__main__":
    main()
