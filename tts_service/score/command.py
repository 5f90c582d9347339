"""``tts-service score FILE…`` and ``tts-service score --url http://host:7860``: figures, as a table and as JSON.

Exit code 0 when everything could be scored, 1 when a file or an answer could not, 2 for a call that makes no sense.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

SCORED: Final = 0
PROBLEMS: Final = 1
MISUSED: Final = 2


class _Misuse(Exception):
    """The call makes no sense as it is; the message says what to change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to a parser."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="wav, flac, ogg or mp3; its text in a .txt")
    parser.add_argument("--url", help="a running service: it speaks the fixed sentences (Gradio or OpenAI's API)")
    parser.add_argument("--text", help="the text of the one FILE")
    parser.add_argument("--voice", help="with --url: the voice that speaks")
    parser.add_argument("--emotion", help="with --url: the emotion")
    parser.add_argument("--speed", type=float, help="with --url: 0.5 to 2")
    parser.add_argument("--limit", type=int, metavar="N", help="with --url: only the first N sentences")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep what the service said, with its texts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show what changed against an older run")
    parser.add_argument("--result", metavar="NAME", help="also write benchmarks/results/NAME.json (in a checkout)")
    parser.add_argument("--no-dnsmos", action="store_true", help="leave DNSMOS out")


def run(arguments: argparse.Namespace) -> int:
    """Scores, prints and writes; returns the exit code."""
    # torch takes seconds to import: --help should not wait for it
    from tts_service.score.judge.judge import JudgeError  # noqa: PLC0415
    from tts_service.score.report import UnreadableReport  # noqa: PLC0415
    from tts_service.score.service import ServiceUnusable  # noqa: PLC0415

    try:
        _check(arguments)
        return _score(arguments)
    except (_Misuse, UnreadableReport) as error:
        print(f"score: {error}", file=sys.stderr)
        return MISUSED
    except (ServiceUnusable, JudgeError, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return PROBLEMS


def _check(arguments: argparse.Namespace) -> None:
    if bool(arguments.files) == bool(arguments.url):
        raise _Misuse("name either sound files or --url with a running service")
    if arguments.text is not None and len(arguments.files) != 1:
        raise _Misuse("--text is the text of one FILE; for more, put a .txt beside each")
    only_url = {name: getattr(arguments, name) for name in ("voice", "emotion", "speed", "limit", "save")}
    if arguments.files and (given := [f"--{name}" for name, value in only_url.items() if value is not None]):
        raise _Misuse(f"{', '.join(given)}: only with --url")
    if arguments.limit is not None and arguments.limit < 1:
        raise _Misuse(f"--limit {arguments.limit}: at least 1")
    if arguments.result and not arguments.result.replace("-", "").replace("_", "").isalnum():
        raise _Misuse(f"--result {arguments.result}: letters, digits, - and _ only")


def _score(arguments: argparse.Namespace) -> int:
    from tts_service.score.dnsmos import MISSING  # noqa: PLC0415
    from tts_service.score.judge.judge import CAVEAT  # noqa: PLC0415
    from tts_service.score.report import DNSMOS_NOTE, document, load, save  # noqa: PLC0415
    from tts_service.score.row import Recording, Row, Scorer  # noqa: PLC0415
    from tts_service.score.table import comparison, table  # noqa: PLC0415

    old = load(arguments.compare) if arguments.compare else None
    scorer = Scorer(with_dnsmos=not arguments.no_dnsmos)
    rows: list[Row] = []
    source: dict[str, Any] = {}
    for item in _recordings(arguments, source):
        if isinstance(item, Recording):
            rows.append(scorer.score(item))
            if arguments.save:
                _keep(arguments.save, item)
        else:
            rows.append(item)
        print(f"\r{len(rows)} scored", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    judged = any(row.phones for row in rows)
    content = document(
        rows,
        source=source,
        manner=_manner(arguments),
        judge=scorer.judge.version if judged else None,
        dnsmos=scorer.dnsmos is not None,
    )
    print(table(content["sentences"], content["all"]))
    if not judged:
        print("PER: not judged, the texts are not known (a .txt beside the file, or --text)")
    print(f"DNSMOS: {DNSMOS_NOTE}" if scorer.dnsmos else f"DNSMOS: {'left out' if arguments.no_dnsmos else MISSING}")
    print(f"PER: {CAVEAT}\ns/char: seconds from first to last sound per spoken syllable. F0: 5th to 95th percentile.")
    if old:
        print("\n" + comparison(old, content))
    if arguments.json:
        save(arguments.json, content)
    if arguments.result:
        _write_result(arguments.result, content)
    return PROBLEMS if content["all"]["problems"] else SCORED


def _manner(arguments: argparse.Namespace) -> dict[str, Any]:
    from tts_service.score.service import Manner  # noqa: PLC0415

    return Manner(arguments.voice, arguments.emotion, arguments.speed).given()


def _recordings(arguments: argparse.Namespace, source: dict[str, Any]) -> Iterator[Any]:
    """Recordings one by one, a Row with the reason where there is none; fills in `source` before the first."""
    from tts_service.score import files, sentences, service  # noqa: PLC0415
    from tts_service.score.row import Row, Unusable  # noqa: PLC0415

    if arguments.files:
        source["kind"] = "files"
        for path in arguments.files:
            try:
                yield files.read(path, arguments.text)
            except Unusable as reason:
                yield Row(path.name, arguments.text, str(reason))
        return
    found = service.find(arguments.url, service.Manner(arguments.voice, arguments.emotion, arguments.speed))
    source.update(
        kind="service", url=found.url, door=found.door, about=dict(found.about), sentence_set=sentences.VERSION
    )
    with closing(found):
        for item in found.recordings(sentences.SENTENCES[: arguments.limit]):
            yield Row(item[0].name, item[0].text, item[1]) if isinstance(item, tuple) else item


def _keep(folder: Path, recording: Any) -> None:
    import soundfile  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{recording.name}.wav", recording.samples, recording.rate)
    (folder / f"{recording.name}.txt").write_text(f"{recording.text}\n", "utf-8")


def _write_result(name: str, content: dict[str, Any]) -> None:
    try:
        from benchmarks.report import write  # noqa: PLC0415
    except ImportError as error:
        raise _Misuse("--result writes into a checkout's benchmarks/results; here use --json FILE") from error
    print(f"written: {write(name, content)}")
