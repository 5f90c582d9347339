"""Trains the judge: ``python -m tts_service.training.judge --minutes 15``.

The judge (`tts_service.score.judge`) hears phones and tones. It learns from the teacher's speech, all speakers,
emotions and paces, with noise, other speeds and bent spectra on top. CTC decides; the teacher's alignment helps it to
find its way in the first minutes. Goes on where it was stopped; ends with the figures on held-out speech.
"""

import argparse
import random
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts_service.score.judge.judge import SHIPPED, Judge, save
from tts_service.score.judge.network import Listener, ListenerConfig, PhoneHead
from tts_service.score.judge.phones import PLAIN_OF_TONED
from tts_service.training.corpus import DEV, WORK, load_shard
from tts_service.training.heldout import held_out
from tts_service.training.judge_lessons import Batch, batch, read
from tts_service.training.judge_report import teacher_figures
from tts_service.training.loop import Loop, device

_SEED = 11
_POOL = 12  # batches are cut from a pool of this many, sorted by length, so that little is padding
_ALIGNED_WEIGHT = 1.0
_ENGLISH_WEIGHT = 2.5  # a third of the utterances hold English, whose 39 phones are rarer than the Mandarin ones
CHECKPOINT = "judge.pt"


class Pupil(nn.Module):
    """The listener with what only training needs: the phone of every step."""

    def __init__(self) -> None:
        super().__init__()
        config = ListenerConfig()
        self.listener = Listener(config)
        self.aligned = PhoneHead(2 * config.memory)

    def losses(self, data: Batch) -> dict[str, Tensor]:
        """CTC without and with tone, and the cross entropy of every step."""
        hidden = self.listener.trunk(data.mel, data.picture, data.steps)
        parts = {}
        plain = torch.tensor(PLAIN_OF_TONED, device=data.phones.device)[data.phones]
        for name, scores, phones in zip(
            ("plain", "toned"), self.listener.head(hidden), (plain, data.phones), strict=True
        ):
            chances = scores.log_softmax(-1).transpose(0, 1)
            parts[name] = functional.ctc_loss(chances, phones, data.steps, data.counts, zero_infinity=True)
        inside = torch.arange(hidden.shape[1], device=hidden.device) < data.steps[:, None]
        parts["aligned"] = _ALIGNED_WEIGHT * functional.cross_entropy(
            self.aligned(hidden[inside])[1], data.per_step[inside]
        )
        return parts


def train(work: Path, corpus: Path, *, minutes: float, size: int, rate: float) -> None:
    """Trains and leaves ``judge.pt`` (checkpoint) in the work folder."""
    torch.manual_seed(_SEED)
    on = device()
    pupil = Pupil().to(on)
    lessons = read(corpus)
    weights = [_ENGLISH_WEIGHT if one.english else 1.0 for one in lessons]
    print(
        f"judge: {sum(p.numel() for p in pupil.listener.parameters()) / 1e6:.2f} M parameters on {on}, "
        f"{len(lessons)} utterances",
        flush=True,
    )

    def step_losses(step: int) -> dict[str, Tensor]:
        chance = random.Random(_SEED * 1_000_003 + step // _POOL)
        pool = sorted(chance.choices(lessons, weights, k=size * _POOL), key=lambda one: len(one.sound))
        order = list(range(_POOL))
        chance.shuffle(order)
        at = order[step % _POOL] * size
        data = batch(pool[at : at + size], random.Random(step))
        moved = Batch(*(getattr(data, field).to(on) for field in Batch.__dataclass_fields__))
        return pupil.losses(moved)

    Loop(pupil, work / CHECKPOINT, minutes=minutes, rate=rate).run(step_losses)


def export(work: Path, corpus: Path, folder: Path) -> None:
    """Writes the last weights to `folder` with the figures of the teacher's own held-out speech.

    The last and not the averaged ones: the rate has fallen to nothing by then, and the average of a short run still
    remembers its beginning.
    """
    state = torch.load(work / CHECKPOINT, map_location="cpu", weights_only=True)
    listener = Listener(ListenerConfig())
    prefix = "listener."
    listener.load_state_dict(
        {name.removeprefix(prefix): value for name, value in state["model"].items() if name.startswith(prefix)}
    )
    notes = {"steps": state["step"], "minutes": round(state["spent"] / 60, 1)}
    save(folder, listener, notes)
    examples = held_out(load_shard(corpus / f"{DEV}.npz"), 1000)
    figures = teacher_figures(Judge.load(folder), examples)
    save(folder, listener, {**notes, "held_out": figures})
    for name, value in figures.items():
        print(f"{name:<28} {value}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--corpus", type=Path, help="the folder of shards, default: corpus/ in the work folder")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    corpus = arguments.corpus or arguments.work / "corpus"
    train(arguments.work, corpus, minutes=arguments.minutes, size=arguments.batch, rate=arguments.rate)
    export(arguments.work, corpus, arguments.out)


if __name__ == "__main__":
    main()
