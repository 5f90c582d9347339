"""A scored run as one JSON document."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tts_service.score.dnsmos import MISSING
from tts_service.score.judge.judge import CAVEAT, VALID_FOR
from tts_service.score.row import Row, together

FORMAT: Final = 1
DNSMOS_NOTE: Final = "DNSMOS compares the same sentences, old against new; on Chinese it is no absolute MOS."


class UnreadableReport(Exception):
    """A file is no report of ours; the message says which and why."""


def document(
    rows: Sequence[Row], *, source: Mapping[str, Any], manner: Mapping[str, Any], judge: str | None, dnsmos: bool
) -> dict[str, Any]:
    """Puts a run together.

    `source` says where the sounds came from; `manner` voice, emotion and speed as asked for; `judge` is the judge's
    version, None when it judged nothing; `dnsmos` whether DNSMOS was there.
    """
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": dict(source),
        "manner": dict(manner),
        "sentence_set": source.get("sentence_set"),
        "judge": judge,
        "judge_valid_for": VALID_FOR,
        "notes": [CAVEAT, DNSMOS_NOTE if dnsmos else f"DNSMOS: {MISSING}"],
        "all": together(rows),
        "sentences": [row.as_json() for row in rows],
    }


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a document, aside first."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    part.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Reads a document back; raises UnreadableReport."""
    try:
        content = json.loads(path.read_text("utf-8"))
        if "figures" in content:  # one that --result wrote among the benchmarks
            content = content["figures"]
        known = content["format"] == FORMAT and content["sentences"] is not None and content["all"] is not None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableReport(f"{path}: no report of a score ({error!r})") from error
    if not known:
        raise UnreadableReport(f"{path}: a report of another format ({content['format']})")
    result: dict[str, Any] = content
    return result
