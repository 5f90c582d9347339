"""What is done when memory runs out: measures in order, each of which costs more than the one before.

Free the cache → shorter segments → half precision → CPU. The first helps for the moment and is tried again whenever
memory runs out; the others stay until the engine is loaded again.
"""

import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Final

from tts_service.engines.base import EngineFailed

FREED: Final = "freed cache"
SHORTER: Final = "short segments"
HALVED: Final = "half precision"
ON_CPU: Final = "cpu"
STEPS: Final = (FREED, SHORTER, HALVED, ON_CPU)
_SIGNS: Final = ("out of memory", "cublas_status_alloc_failed", "cudnn_status_alloc_failed", "can't allocate memory")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: torch's own kind, or one of the texts that CUDA libraries raise."""
    if isinstance(error, EngineFailed):  # the ladder's own last word
        return False
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def next_step(possible: Collection[str], standing: Collection[str], tried: Collection[str]) -> str | None:
    """The cheapest measure that can still help: neither in effect already nor tried for the same request."""
    return next((step for step in STEPS if step in possible and step not in standing and step not in tried), None)


class Ladder:
    """The measures of one loaded engine. Not for several threads at once: the thread that computes uses it.

    `effects` does each possible measure; `standing` are those in effect from the start.
    """

    def __init__(
        self,
        effects: Mapping[str, Callable[[], None]],
        *,
        standing: Collection[str] = (),
        say: Callable[[str], None] = print,
    ) -> None:
        self._effects, self._say = effects, say
        self._standing = set(standing)
        self._measures: dict[str, None] = dict.fromkeys(step for step in STEPS if step in standing)

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures taken since the engine was loaded, once each, in order."""
        return tuple(self._measures)

    def __contains__(self, step: object) -> bool:
        """Whether a measure is in effect."""
        return step in self._standing

    def take(self, error: Exception, tried: list[str]) -> None:
        """Takes the next measure against `error` and adds it to `tried`, the measures of this request.

        Raises the error itself when memory isn't its cause, EngineFailed when no measure is left.
        """
        if not out_of_memory(error):
            raise error
        told = f"{error}".splitlines()[0][:200] if f"{error}" else type(error).__name__
        # What the failed attempt had computed hangs on the frames of its traceback.
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None
        while True:
            step = next_step(self._effects, self._standing, tried)
            if step is None:
                raise EngineFailed(f"memory ran out, and nothing is left to save it with: {told}")
            tried.append(step)
            self._measures[step] = None
            self._say(f"memory ran out ({told}): {step}")
            try:
                self._effects[step]()
            except Exception as failed:
                if not out_of_memory(failed):
                    raise EngineFailed(f"{step}: {failed}") from failed
                continue  # not even the measure found room
            if step != FREED:
                self._standing.add(step)
            return
