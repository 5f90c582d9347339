"""One call being spoken: it waits for its turn, computes in a thread, and its bytes leave while they are made."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tts_service.app.admission import Busy, Draining
from tts_service.app.body import Limits
from tts_service.app.call import Call
from tts_service.app.errors import TimeIsUp
from tts_service.app.health import About
from tts_service.app.mailbox import Gone, Mailbox, Shelf
from tts_service.audit import audit_speech
from tts_service.engines.base import EngineFailed, RequestRefused, SpeechStream, SynthesisRequest
from tts_service.marking import Mark, new_mark
from tts_service.references import admitted
from tts_service.sound_file import encode, encoder

CHANNEL: Final = "api"


@dataclass(frozen=True)
class Opening:
    """What is known when the first bytes are there. `seconds` and `compute_seconds` are None for a stream that goes on;
    `measures` are the steps taken so far because memory ran out.
    """

    stream: SpeechStream
    mark: Mark
    measures: tuple[str, ...]
    seconds: float | None = None
    compute_seconds: float | None = None


class Speaking:
    """Speaks a call. Make it and use it in the event loop; whoever doesn't read to the end calls `leave`."""

    def __init__(self, about: About, call: Call, limits: Limits, executor: Executor, shelf: Shelf) -> None:
        loop = asyncio.get_running_loop()
        self._about, self._call, self._limits, self._executor, self._loop = about, call, limits, executor, loop
        self._mailbox = Mailbox(loop, limits.stalled, shelf)
        self._opening: asyncio.Future[Opening] = loop.create_future()
        self._computing = False
        self.seconds = 0.0
        """Speech made so far."""
        self._compute_seconds = 0.0
        self._task = asyncio.create_task(self._run())

    async def opened(self) -> Opening:
        """Waits for the first bytes; raises Busy, RequestRefused, EngineFailed, AuditError or TimeIsUp."""
        return await asyncio.shield(self._opening)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes; raises what stopped the work on its way."""
        while (piece := await self._mailbox.get()) is not None:
            yield piece

    def leave(self) -> None:
        """Nobody listens any more: what waits is taken out of the queue, what computes ends at its next chunk."""
        self._mailbox.leave()
        if not self._computing:
            self._task.cancel()

    async def _run(self) -> None:
        outcome = "gone"
        try:
            async with self._about.admission.enter():
                self._computing = True  # from here on the thread ends the work: its slot stays taken until then
                with self._about.admission.when_over(self._over):
                    await self._loop.run_in_executor(self._executor, self._speak)
            outcome = "ok"
            if not self._opening.done():
                raise EngineFailed("no sound came")
        except Gone:
            pass
        except Exception as error:
            outcome = {Busy: "busy", Draining: "busy", RequestRefused: "refused"}.get(type(error), "failed")
            self._failed(error)
        finally:
            self._about.meter.ended(CHANNEL, outcome)
            self._opening.cancel()

    def _over(self) -> None:
        """The service ends before the work does: the client hears so now, the thread at its next chunk."""
        self._failed(Draining())
        self._mailbox.close()

    def _failed(self, error: Exception) -> None:
        if not self._opening.done():
            self._opening.set_exception(error)
            self._opening.exception()  # whoever asked may be gone: that is no news for the log
        else:
            self._mailbox.put_from_loop(error)

    def _speak(self) -> None:
        call = self._call
        if call.streamed:
            self._stream(call.request)
        elif call.recording is None:
            self._whole(call.request)
        else:  # never streamed, see `Call`
            with admitted(call.recording, call.declaration, shared=self._about.shared, channel=CHANNEL) as reference:
                self._whole(replace(call.request, reference=reference))

    def _stream(self, request: SynthesisRequest) -> None:
        stream = self._about.engine.stream(request)
        mark = self._mark(stream, request)
        sent: list[bytes] = []
        with closing(encoder(self._call.format.name, stream.sample_rate, mark)) as target:
            try:
                for chunk in self._chunks(stream):
                    sent += self._send(target.feed(chunk), Opening(stream, mark, tuple(stream.measures)))
                sent += self._send(target.finish(), Opening(stream, mark, tuple(stream.measures)))
            finally:
                if sent:
                    self._audit(stream, mark, b"".join(sent))
        self._mailbox.put(None)

    def _whole(self, request: SynthesisRequest) -> None:
        stream = self._about.engine.stream(request)
        mark = self._mark(stream, request)
        samples = np.concatenate(list(self._chunks(stream)))
        data = encode(self._call.format.name, samples, stream.sample_rate, mark)
        self._audit(stream, mark, data)
        self._send(data, Opening(stream, mark, tuple(stream.measures), self.seconds, self._compute_seconds))
        self._mailbox.put(None)

    def _audit(self, stream: SpeechStream, mark: Mark, sound: bytes) -> None:
        """Puts on record what was spoken with a recording, the request's or the chosen voice's."""
        if mark.reference is not None:
            audit_speech(
                self._about.shared,
                mark.reference,
                request=mark.produce_id,
                sound=sound,
                channel=CHANNEL,
                engine=mark.engine,
                voice=stream.voice,
                characters=len(self._call.request.text),
                matching=mark.matching,
            )

    def _mark(self, stream: SpeechStream, request: SynthesisRequest) -> Mark:
        return new_mark(
            engine=stream.engine or self._about.engine.name,
            voice=stream.voice,
            reference=stream.reference or request.reference,
            matching=stream.matching,
        )

    def _chunks(self, stream: SpeechStream) -> Iterator[NDArray[np.float32]]:
        """The stream's chunks, timed and counted; ends the work when the client is gone or the time is up."""
        begun = time.perf_counter()
        until = begun + self._limits.speaking
        try:
            while True:
                asked = time.perf_counter()
                if self._mailbox.gone:
                    raise Gone
                if asked > until:
                    raise TimeIsUp
                chunk = next(stream.chunks, None)
                self._compute_seconds += time.perf_counter() - asked
                if chunk is None:
                    break
                if not self.seconds:
                    self._about.meter.first_chunk(time.perf_counter() - begun)
                self.seconds += len(chunk) / stream.sample_rate
                yield chunk
        finally:
            close = getattr(stream.chunks, "close", None)
            if close is not None:
                close()
            self._about.meter.spoken(self.seconds, self._compute_seconds, stream.measures)

    def _send(self, data: bytes, opening: Opening) -> list[bytes]:
        """Hands out what is not empty, and opens the answer with the first of it; gives what must go on record."""
        if data:
            self._mailbox.put(data)
            self._loop.call_soon_threadsafe(self._open, opening)
        return [data] if data and opening.mark.reference is not None else []

    def _open(self, opening: Opening) -> None:
        if not self._opening.done():
            self._opening.set_result(opening)
