"""Speech from the command line: ``python -m tts_service.say "你好" -o hello.wav``."""

import argparse
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

from tts_service.app.folders import shared_folder
from tts_service.engines.base import EngineFailed, RequestRefused, Speech, SynthesisRequest


def write_wav(speech: Speech, path: Path) -> None:
    """Writes the sound as 16-bit mono wav."""
    import numpy as np  # noqa: PLC0415 - keeps --help quick

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.sample_rate)
        file.writeframes(np.round(speech.samples * 32767).astype("<i2").tobytes())


def main(argv: Sequence[str] | None = None) -> int:
    """Says the text (or standard input for ``-``) into a file; 2 for a request that is refused, 1 for a failure."""
    parser = argparse.ArgumentParser(prog="python -m tts_service.say", description="Speak a text into a wav file")
    parser.add_argument("text", help="what to say, - reads standard input")
    parser.add_argument("-o", "--output", type=Path, default=Path("speech.wav"))
    parser.add_argument("--voice")
    parser.add_argument("--emotion")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--engine", default="", help="bundled, indextts or auto (default: TTS_ENGINE, else bundled)")
    parser.add_argument("--low-memory", action="store_true", help="short segments and half precision from the start")
    options = parser.parse_args(argv)

    from tts_service.engines.auto import AutoEngine  # noqa: PLC0415 - keeps --help quick
    from tts_service.engines.choose import choose  # noqa: PLC0415

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    text = sys.stdin.read() if options.text == "-" else options.text
    try:
        engine = choose(options.engine, shared_folder(), device=options.device, low_memory=options.low_memory, say=say)
        engine.load()
        if isinstance(engine, AutoEngine):
            engine.loaded()
        speech = engine.synthesize(SynthesisRequest(text, options.voice, options.emotion, options.speed))
        write_wav(speech, options.output)
    except RequestRefused as refused:
        print(f"{refused.zh}\n{refused.en}", file=sys.stderr)
        return 2
    except (EngineFailed, OSError) as failed:
        print(f"ERROR: {failed}", file=sys.stderr)
        return 1
    spoken_by = f", {speech.engine}" if speech.engine else ""
    print(f"{options.output}: {speech.seconds:.2f} s, RTF {speech.rtf:.4f}{spoken_by}, {speech.text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
