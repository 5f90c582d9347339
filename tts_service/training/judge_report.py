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


def _percent(wrong: int, of: int) -> float:
    return round(100 * wrong / max(of, 1), 2)


def _errors(judge: Judge, examples: Sequence[Example], sound: Callable[[Example], Sound], of: str) -> dict[str, float]:
    """Phone error without and with tone in percent: over all phones, and over the utterances without English.

    English vowels such as OW and EY sound like Mandarin ou and ei here, which no judge can tell apart without knowing
    the word.
    """
    total: Counter[str] = Counter()
    for example in examples:
        expected = phones_of_tokens(example.tokens.tolist())
        if not expected:
            continue
        said = verdict(judge.listen(sound(example)), expected)
        english = any(phone.startswith("en:") for phone in expected)
        for group in ("all",) if english else ("all", "mandarin"):
            total[f"{group} phones"] += said.phones
            total[f"{group} wrong"] += said.wrong
            total[f"{group} toned"] += said.wrong_toned
            total[f"{group} apart"] += said.wrong_apart
    return {
        f"{of}per_percent": _percent(total["all wrong"], total["all phones"]),
        f"{of}per_tone_percent": _percent(total["all toned"], total["all phones"]),
        f"{of}per_percent_apart": _percent(total["all apart"], total["all phones"]),
        f"{of}per_percent_mandarin": _percent(total["mandarin wrong"], total["mandarin phones"]),
        f"{of}per_tone_percent_mandarin": _percent(total["mandarin toned"], total["mandarin phones"]),
    }


def _teacher(example: Example) -> Sound:
    return (example.sound / 32768).astype(np.float32)


def teacher_figures(judge: Judge, examples: Sequence[Example]) -> dict[str, float]:
    """Phone errors of the teacher's own sound: what the judge itself gets wrong."""
    return _errors(judge, examples, _teacher, "teacher_")


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

    return {
        **_errors(judge, examples, spoken, ""),
        **_errors(judge, examples, copied, "copy_"),
        **teacher_figures(judge, examples),
    }
