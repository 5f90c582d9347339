"""How near voice matching comes to speakers that our voice has never met.

`python -m benchmarks.matching` lets espeak-ng's Mandarin speak one sentence with each of its voice variants, takes each
recording as a reference, and measures another sentence of ours against it: spoken by our first voice, by the voice that
is chosen, as it is, and by that voice bent. Three distances: the long-term spectrum of voiced frames (root mean square
over mel bands, dB), the median pitch (semitones), the pace (per cent). What a speaker differs from itself by in another
sentence is the floor of these measures; it is measured on our own voices.

The strangers are synthetic, and of the same family of programs as our voice's teacher (the variants that the teacher
speaks with are left out): how matching does on people is not shown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from benchmarks import report
from tts_service.engines.base import Declaration, Reference, SynthesisRequest
from tts_service.engines.bundled import BundledEngine
from tts_service.matching.match import VoiceMatch
from tts_service.matching.profile import Profile, colour_distance, profile, semitones
from tts_service.references import PURPOSE, admit

HEARD: Final = "请把会议记录发给项目组的每一位同事，明天上午十点以前回复。"
SPOKEN: Final = "新版本的发布说明已经写好，请您抽空看一看，有问题随时告诉我。"
STRANGERS: Final = (
    "f1", "f4", "Alicia", "Annie", "belinda", "linda", "steph", "m1", "m2", "m4", "m5", "m6", "m8", "klatt2", "klatt4",
    "Lee", "Andy",
)  # fmt: skip
"""Variants of espeak-ng that the teacher of our voice doesn't use (see training/prosody.py)."""
STATED: Final = Declaration("espeak-ng 合成的测试音，没有真人", "无真人参与", PURPOSE)


@dataclass(frozen=True)
class Distances:
    """From one sound to a reference: spectrum in dB, pitch in semitones, pace in per cent."""

    colour: float
    pitch: float
    pace: float


@dataclass(frozen=True)
class Row:
    """One stranger: the match, and the distances of first voice, chosen voice and bent voice."""

    name: str
    found: VoiceMatch
    first: Distances
    chosen: Distances
    bent: Distances


def distances(sound: Profile, reference: Profile) -> Distances:
    """Measures how far a sound is from a reference."""
    return Distances(
        colour_distance(sound, reference),
        abs(semitones(reference.pitch, sound.pitch)),
        abs(sound.pace / reference.pace - 1.0) * 100.0,
    )


class Bench:
    """The engine, and what it says of one sentence."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared
        self.engine = BundledEngine(shared, device="cpu", say=lambda line: None)
        self.engine.load()

    def said(self, text: str, *, voice: str | None = None, reference: Reference | None = None) -> Profile:
        """Profile of a sentence of ours."""
        return _profile(self.engine.synthesize(SynthesisRequest(text, voice=voice, reference=reference)).samples)

    def stranger(self, variant: str) -> tuple[Reference, Profile]:
        """A recording of a speaker that isn't ours, admitted as any reference is."""
        path = self.shared / f"{variant}.wav"
        subprocess.run(["espeak-ng", "-v", f"cmn+{variant}", "-s", "165", "-w", path, HEARD], check=True, timeout=60)
        reference = admit(path.read_bytes(), STATED, shared=self.shared, channel="bench")
        stored = np.frombuffer(reference.path.read_bytes()[44:], "<i2") / 32768
        return reference, _profile(stored.astype(np.float32))

    def row(self, variant: str) -> Row:
        """All figures of one stranger."""
        reference, heard = self.stranger(variant)
        found = self.engine.match(reference)
        made = (
            self.said(SPOKEN), self.said(SPOKEN, voice=found.voice), self.said(SPOKEN, reference=reference)
        )  # fmt: skip
        first, chosen, bent = (distances(each, heard) for each in made)
        return Row(variant, found, first, chosen, bent)

    def floor(self) -> Distances:
        """What our own speakers differ from themselves by, between the two sentences (mean)."""
        voices = self.engine.capabilities.voices
        pairs = [(self.said(HEARD, voice=voice), self.said(SPOKEN, voice=voice)) for voice in voices]
        return _mean([distances(spoken, heard) for heard, spoken in pairs])


def _profile(sound: npt.NDArray[np.float32]) -> Profile:
    found = profile(sound)
    if found is None:
        raise SystemExit("a sound without a pitch came out: nothing to measure")
    return found


def _mean(many: Sequence[Distances]) -> Distances:
    return Distances(*(float(np.mean([getattr(each, name) for each in many])) for name in ("colour", "pitch", "pace")))


def _figures(found: Distances) -> dict[str, float]:
    return {
        "spectrum_db": round(found.colour, 2),
        "pitch_semitones": round(found.pitch, 2),
        "pace_percent": round(found.pace, 1),
    }


def table(rows: Sequence[Row], floor: Distances) -> str:
    """The figures for reading."""
    lines = [f"{'':<12}{'first voice':>22}{'chosen voice':>22}{'bent':>22}   match"]
    for row in rows:
        cells = "".join(_cell(each) for each in (row.first, row.chosen, row.bent))
        lines.append(f"{row.name:<12}{cells}   {row.found.told}")
    means = "".join(_cell(_mean([getattr(row, name) for row in rows])) for name in ("first", "chosen", "bent"))
    lines += [f"{'mean':<12}{means}", f"{'floor':<12}{'':>44}{_cell(floor)}   the same speaker, another sentence"]
    return "\n".join(lines)


def _cell(found: Distances) -> str:
    return f"{found.colour:8.1f} dB {found.pitch:4.1f} st {found.pace:3.0f}%"


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and writes ``results/matching.json``; 2 where espeak-ng is not installed."""
    argparse.ArgumentParser(description="How near voice matching comes to unseen speakers").parse_args(argv)
    if which("espeak-ng") is None:
        print("espeak-ng is needed to speak with voices that are not ours (Debian: apt install espeak-ng)")
        return 2
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        rows, floor = [bench.row(variant) for variant in STRANGERS], bench.floor()
    print(table(rows, floor))
    report.write(
        "matching",
        {
            "strangers": len(rows),
            **{name: _figures(_mean([getattr(row, name) for row in rows])) for name in ("first", "chosen", "bent")},
            "same_speaker_other_sentence": _figures(floor),
            "each": {
                row.name: {
                    "voice": row.found.voice,
                    **{k: _figures(getattr(row, k)) for k in ("first", "chosen", "bent")},
                }
                for row in rows
            },
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
