"""Readings of characters that have several, by a small linear model: one table of 8-bit weights, numpy only.

``polyphones.safetensors``  the weight table
``polyphones.json``         the readings to choose from for every character, and the table's size and SHA-256
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from tts_service.text.polyphone_features import TABLE_BITS, PhraseBook, Place, context, dictionary, slots

WEIGHTS: Final = "polyphones.safetensors"
MANIFEST: Final = "polyphones.json"
_HERE: Final = Path(__file__).resolve().parent


class PolyphoneError(Exception):
    """The polyphone model is missing, altered or made for other features; the message says which file and why."""


@dataclass(frozen=True)
class Polyphones:
    """The model: `table` holds ``2**TABLE_BITS`` weights, `choices` the readings of each character it decides.

    One of our own phrases between two word boundaries decides first: it was chosen because nobody reads it otherwise.
    """

    table: npt.NDArray[np.int8]
    choices: Mapping[str, tuple[str, ...]]
    book: PhraseBook

    def readings(self, words: Sequence[str]) -> list[tuple[str | None, ...]]:
        """Reads the words of one run of Chinese characters: one tuple per word, None for characters that the model
        does not decide. About a millisecond for a sentence of 30 characters.
        """
        run = tuple(words)
        return [
            tuple(self._chosen(Place(run, index, offset)) for offset in range(len(word)))
            for index, word in enumerate(run)
        ]

    def _chosen(self, place: Place) -> str | None:
        choices = self.choices.get(place.char)
        if choices is None or len(choices) == 1:
            return choices[0] if choices else None
        own = self.book.own(place)
        if own and own[1] and len(own[0].text) > 1 and own[0].reading in choices:
            return own[0].reading
        used = slots(place.char, choices, context(place), dictionary(place, choices, self.book))
        return choices[int(self.table[used].sum(axis=1, dtype=np.int32).argmax())]


@lru_cache(maxsize=1)
def shipped() -> Polyphones:
    """Gives the model of this release, loaded once; raises PolyphoneError when its files are not the released ones."""
    return load(_HERE)


def load(folder: Path) -> Polyphones:
    """Reads a model and checks it against its manifest; raises PolyphoneError."""
    from safetensors.numpy import load as decode  # noqa: PLC0415 - only where Chinese is read

    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        size, digest, bits = int(manifest["size"]), str(manifest["sha256"]), int(manifest["table_bits"])
        choices = {str(char): tuple(str(readings).split()) for char, readings in manifest["choices"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolyphoneError(
            f"{folder / MANIFEST}: no readable manifest ({error}); install the release again"
        ) from error
    path = folder / WEIGHTS
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise PolyphoneError(f"{path}: no readable weights ({error}); install the release again") from error
    if len(stored) != size or hashlib.sha256(stored).hexdigest() != digest:
        raise PolyphoneError(f"{path}: differs from {MANIFEST}; install the release again")
    if bits != TABLE_BITS:
        raise PolyphoneError(f"{path}: made for {bits} bits of table, this release has {TABLE_BITS}")
    return Polyphones(decode(stored)["table"], MappingProxyType(choices), PhraseBook.shipped())


def save(folder: Path, model: Polyphones, training: Mapping[str, object]) -> Path:
    """Writes a model with its manifest, which also keeps `training` (what it was made from), and returns the weights'
    path.
    """
    from safetensors.numpy import save as encode  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    stored = encode({"table": model.table})
    (folder / WEIGHTS).write_bytes(stored)
    manifest = {
        "size": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
        "table_bits": TABLE_BITS,
        "training": dict(training),
        "choices": {char: " ".join(readings) for char, readings in sorted(model.choices.items())},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return folder / WEIGHTS
