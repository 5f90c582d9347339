"""The judge, loaded: sound in, phones out, and the share of them that are wrong."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tts_service.models.features import SAMPLE_RATE
from tts_service.score.judge.network import STEP, Listener, ListenerConfig, levelled
from tts_service.score.judge.phones import PLAIN, TONED, edits, one_of_twins, without_tone
from tts_service.score.resample import resample

SHIPPED: Final = Path(__file__).parent
WEIGHTS: Final = "judge.safetensors"
MANIFEST: Final = "manifest.json"
VALID_FOR: Final = "bundled voice"
CAVEAT: Final = (
    "The judge learned from the bundled voice's teacher. Its phone error is valid for the bundled voice only, until "
    "shown otherwise for another one."
)
_PADDING: Final = SAMPLE_RATE // 10


class JudgeError(Exception):
    """The judge's weights are missing, altered or made for other phones; the message says which file and why."""


@dataclass(frozen=True)
class Heard:
    """What the judge heard: phones without tone and, from a decision of their own, phones with tone."""

    plain: tuple[str, ...]
    toned: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """How many phones were expected, and how many edits lead from the heard to the expected, without and with tone.

    `TWINS` count as one sound, but not in `wrong_apart`, which is without tone. With tone a twin vowel is wrong: it has
    none.
    """

    phones: int
    wrong: int
    wrong_toned: int
    wrong_apart: int

    @property
    def percent(self) -> float:
        return 100 * self.wrong / self.phones

    @property
    def percent_toned(self) -> float:
        return 100 * self.wrong_toned / self.phones


def _collapsed(scores: Tensor, phones: Sequence[str]) -> tuple[str, ...]:
    """Greedy CTC: the best phone of each step, repetitions taken once, blanks left out."""
    best = scores.argmax(-1)
    kept = best[torch.cat([best.new_ones(1, dtype=torch.bool), best[1:] != best[:-1]])]
    return tuple(phones[index] for index in kept.tolist() if index)


def verdict(heard: Heard, expected: Sequence[str]) -> Verdict:
    """Compares with the expected toned phones; raises ValueError when none are expected."""
    if not expected:
        raise ValueError("nothing to judge: no phones are expected")
    plain = [without_tone(phone) for phone in expected]
    one, other, toned, said = (tuple(map(one_of_twins, each)) for each in (heard.plain, plain, heard.toned, expected))
    return Verdict(len(expected), edits(one, other), edits(toned, said), edits(heard.plain, plain))


class Judge:
    """Listens; safe to use from several threads, it keeps no state between calls."""

    def __init__(self, listener: Listener, about: dict[str, Any]) -> None:
        self._listener = listener.eval().requires_grad_(False)
        self.about = about

    @property
    def version(self) -> str:
        """The first digits of the weights' SHA-256: figures of different judges can't be compared."""
        return str(self.about["files"][WEIGHTS]["sha256"])[:12]

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> "Judge":
        """Loads and verifies the weights in `folder`; raises JudgeError."""
        try:
            about: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
            expected = about["files"][WEIGHTS]["sha256"]
            found = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
            if found != expected:
                raise JudgeError(f"{folder / WEIGHTS}: SHA-256 differs from the manifest; fetch the file again")
            if (about["plain"], about["toned"]) != (list(PLAIN), list(TONED)):
                raise JudgeError(f"{folder / MANIFEST}: made for other phones")
            listener = Listener(ListenerConfig(**about["config"]))
            weights = load_file(folder / WEIGHTS)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JudgeError(f"{folder}: no readable judge ({error})") from error
        listener.load_state_dict({name: value.float() for name, value in weights.items()})
        return cls(listener, about)

    @torch.inference_mode()
    def listen(self, sound: npt.NDArray[np.floating[Any]], rate: int = SAMPLE_RATE) -> Heard:
        """Hears the phones in mono sound within ±1 at `rate` Hz; silence gives none."""
        at_ours = resample(sound, rate, SAMPLE_RATE)
        level = levelled(torch.from_numpy(at_ours))
        padded = torch.nn.functional.pad(level, (_PADDING, _PADDING + STEP))
        plain, toned = self._listener(padded[None])
        return Heard(_collapsed(plain[0], PLAIN), _collapsed(toned[0], TONED))


def save(folder: Path, listener: Listener, notes: dict[str, Any]) -> None:
    """Writes weights as 16-bit floats with their manifest; `notes` (JSON values) say how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.to(torch.float16).contiguous().cpu() for name, value in listener.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    content = (folder / WEIGHTS).read_bytes()
    manifest = {
        "files": {WEIGHTS: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}},
        "valid_for": VALID_FOR,
        "notes": notes,
        "config": asdict(listener.config),
        "plain": PLAIN,
        "toned": TONED,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
