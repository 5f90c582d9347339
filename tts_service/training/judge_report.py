"""What the judge says of a voice and of its teacher, on the same held-out utterances."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tts_service.models.voice import Voice
from tts_service.score.judge.judge import Judge, verdict
from tts_service.score.judge.phones import phones_of_tokens
from tts_service.training.corpus import Example
from tts_service.training.heldout import units_of

Sound = npt.NDArray[np.floating[Any]]


def _errors(judge: Judge, examples: Sequence[Example], sound: Callable[[Example], Sound]) -> tuple[float, float]:
    """Phone error without and with tone over all phones of the examples, in percent."""
    total: Counter[str] = Counter()
    for example in examples:
        expected = phones_of_tokens(example.tokens.tolist())
        if not expected:
            continue
        said = verdict(judge.listen(sound(example)), expected)
        total.update(phones=said.phones, wrong=said.wrong, toned=said.wrong_toned)
    return (
        round(100 * total["wrong"] / total["phones"], 2),
        round(100 * total["toned"] / total["phones"], 2),
    )


def _teacher(example: Example) -> Sound:
    return (example.sound / 32768).astype(np.float32)


def teacher_figures(judge: Judge, examples: Sequence[Example]) -> dict[str, float]:
    """Phone errors of the teacher's own sound: what the judge itself gets wrong."""
    plain, toned = _errors(judge, examples, _teacher)
    return {"teacher_per_percent": plain, "teacher_per_tone_percent": toned}


def judge_figures(voice: Voice, examples: Sequence[Example], judge: Judge | None = None) -> dict[str, float]:
    """Phone errors in percent without and with tone: text → speech, vocoder on the teacher's features, the teacher.

    Raises JudgeError when the judge's weights can't be read.
    """
    judge = judge or Judge.load()

    def spoken(example: Example) -> Sound:
        return voice.synthesize(
            units_of(example),
            speaker=voice.speakers[example.speaker],
            emotion=voice.emotions[example.emotion],
            speed=float(np.exp(-example.pace)),
        )

    def copied(example: Example) -> Sound:
        return voice.copy(example.mel, example.pitch, example.voiced)

    plain, toned = _errors(judge, examples, spoken)
    copy_plain, copy_toned = _errors(judge, examples, copied)
    return {
        "per_percent": plain,
        "per_tone_percent": toned,
        "copy_per_percent": copy_plain,
        "copy_per_tone_percent": copy_toned,
        **teacher_figures(judge, examples),
    }
