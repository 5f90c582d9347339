"""How far a fetch is: one line that changes on a terminal, a line every few seconds elsewhere."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

_REDRAW: Final = 0.1
_EVERY: Final = 5.0
_BAR: Final = 20


class Progress:
    """Tells one file's progress. `say` takes lines; `stream` is drawn on when it is a terminal."""

    def __init__(
        self,
        title: str,
        say: Callable[[str], None],
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title, self._say, self._clock = title, say, clock
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._drawn = False
        self._begun = self._last = clock()
        self._first: int | None = None

    def at(self, done: int, total: int | None) -> None:
        """Hears that `done` of `total` bytes are here; None when nobody knows the total."""
        now = self._clock()
        if self._first is None:
            self._first, self._begun = done, now
        if now - self._last < (_REDRAW if self._terminal else _EVERY):
            return
        self._last = now
        rate = (done - self._first) / max(now - self._begun, 1e-3)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r\x1b[K" + f"{self._title} {_bar(done, total)}{_figures(done, total, rate)}"[:width])
            self._stream.flush()
            self._drawn = True
        else:
            self._say(f"cache_hub: {self._title} {_figures(done, total, rate)}")

    def end(self) -> None:
        """Takes the line off the terminal."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def _bar(done: int, total: int | None) -> str:
    if not total:
        return ""
    full = min(_BAR, done * _BAR // total)
    return f"[{'#' * full}{'.' * (_BAR - full)}] "


def _figures(done: int, total: int | None, rate: float) -> str:
    speed = f"{rate / 1e6:.1f} MB/s"
    if not total:
        return f"{done / 1e6:,.1f} MB, {speed}"
    left = f", {(total - done) / rate:.0f} s left" if rate > 0 else ""
    return f"{done * 100 // total} %, {done / 1e6:,.1f} of {total / 1e6:,.1f} MB, {speed}{left}"
