"""Speech from the command line: ``tts-service say "你好" -o hello.wav``, or ``python -m tts_service.say``."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tts_service.app.folders import shared_folder
from tts_service.audit import AuditError, audit_speech
from tts_service.engines.base import Declaration, EngineFailed, Reference, RequestRefused, SynthesisRequest

if TYPE_CHECKING:
    from tts_service.engines.base import Engine, Speech

_CHANNEL = "cli"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares text, output, and how it is said."""
    parser.add_argument("text", help="what to say, - reads standard input")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("speech.wav"), help="wav, or flac, mp3, opus by its ending"
    )
    parser.add_argument("--voice")
    parser.add_argument("--emotion")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--engine", default="", help="bundled, indextts or auto (default: TTS_ENGINE, else bundled)")
    parser.add_argument("--low-memory", action="store_true", help="short segments and half precision from the start")
    declared = parser.add_argument_group("reference recording", "taken with its declaration only, and put on record")
    declared.add_argument("--reference", type=Path, metavar="FILE", help="1 to 15 s of speech")
    declared.add_argument("--source", default="", help="where the recording comes from")
    declared.add_argument("--consent", default="", help="the person's consent")
    declared.add_argument("--purpose", default="", help="内部测试")


def run(options: argparse.Namespace) -> int:
    """Says the text into a file; 2 for a request that is refused, 1 for a failure."""
    text = sys.stdin.read() if options.text == "-" else options.text
    shared = shared_folder()
    try:
        with _admitted(options, shared) as reference:
            engine = _loaded(options, shared)
            speech = engine.synthesize(
                SynthesisRequest(text, options.voice, options.emotion, options.speed, reference=reference)
            )
        _write(speech, options.output, shared, engine=speech.engine or engine.name, characters=len(text))
    except RequestRefused as refused:
        print(f"{refused.zh}\n{refused.en}", file=sys.stderr)
        return 2
    except (EngineFailed, AuditError, OSError) as failed:
        print(f"ERROR: {failed}", file=sys.stderr)
        return 1
    told = "".join(f", {each}" for each in (speech.engine, speech.matching) if each)
    print(f"{options.output}: {speech.seconds:.2f} s, RTF {speech.rtf:.4f}{told}, {speech.text}")
    return 0


def _admitted(options: argparse.Namespace, shared: Path) -> AbstractContextManager[Reference | None]:
    if options.reference is None:
        return nullcontext()
    from tts_service.references import admitted  # noqa: PLC0415 - imports numpy

    stated = Declaration(options.source, options.consent, options.purpose)
    return admitted(options.reference.read_bytes(), stated, shared=shared, channel=_CHANNEL)


def _loaded(options: argparse.Namespace, shared: Path) -> "Engine":
    """The engine, ready to speak. The bundled one needs nothing that the others import, and no speech before ours."""

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    if (options.engine or os.environ.get("TTS_ENGINE") or "bundled") == "bundled":
        from tts_service.engines.bundled import BundledEngine  # noqa: PLC0415 - keeps --help quick

        bundled = BundledEngine(shared, device=options.device, low_memory=options.low_memory, warm=False, say=say)
        bundled.load()
        return bundled
    from tts_service.engines.auto import AutoEngine  # noqa: PLC0415
    from tts_service.engines.choose import choose  # noqa: PLC0415

    engine = choose(options.engine, shared, device=options.device, low_memory=options.low_memory, say=say)
    engine.load()
    if isinstance(engine, AutoEngine):
        engine.loaded()
    return engine


def _write(speech: "Speech", path: Path, shared: Path, *, engine: str, characters: int) -> None:
    """Marks the sound, puts it on record where a recording was used, then writes it."""
    from tts_service.marking import new_mark  # noqa: PLC0415 - imports numpy
    from tts_service.sound_file import available, encode  # noqa: PLC0415

    reference = speech.reference
    mark = new_mark(engine=engine, voice=speech.voice, reference=reference, matching=speech.matching)
    ending = path.suffix.lower().lstrip(".")
    form = ending if ending != "wav" and ending in available() else "wav"  # wav needs no C library to be loaded
    data = encode(form, speech.samples, speech.sample_rate, mark)
    if reference is not None:
        audit_speech(
            shared,
            reference,
            request=mark.produce_id,
            sound=data,
            channel=_CHANNEL,
            engine=engine,
            voice=speech.voice,
            characters=characters,
            matching=speech.matching,
        )
    path.write_bytes(data)


def main(argv: Sequence[str] | None = None) -> int:
    """Reads the command line, for ``python -m tts_service.say``."""
    parser = argparse.ArgumentParser(prog="python -m tts_service.say", description="Speak a text into a sound file")
    add_arguments(parser)
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
