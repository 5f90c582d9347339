"""Voices for IndexTTS that the operator provides: recordings with a declaration each.

IndexTTS has no voice of its own: it takes that of a recording. In the folder lie ``<name>.wav`` (or ``.flac``) of 1 to
15 seconds and beside each ``<name>.json`` with ``source``, ``consent`` and ``purpose``, the same that users declare for
theirs. A recording without one isn't offered.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tts_service import references
from tts_service.audit import AuditError
from tts_service.engines.base import Declaration, Reference, RequestRefused

OWN: Final = "参考音频"
"""The voice of the recording that comes with the request."""
MOST: Final = 50
_KINDS: Final = (".wav", ".flac")
_LONGEST_NAME: Final = 40


def provided_voices(folder: Path, shared: Path, say: Callable[[str], None]) -> dict[str, Reference]:
    """Admits the folder's recordings as `references.admit` does (checked, copied, entered into the audit file).

    What can't be offered is told through `say`, with what is missing. A folder that isn't there has none.
    """
    voices: dict[str, Reference] = {}
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _KINDS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        say(f"the voices in {folder} can't be read: {error}")
        return {}
    for path in found[:MOST]:
        name = path.stem.strip()
        try:
            if name == OWN or name in voices or not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
                raise RequestRefused(
                    f"音色名“{name[:40]}”不可用。", f"The name {name[:40]!r} can't be used for a voice."
                )
            voices[name] = references.admit(
                path.read_bytes(), _declaration(path.with_suffix(".json")), shared=shared, channel="operator"
            )
        except RequestRefused as refused:
            say(f"voice {path.name} is not offered: {refused.en}")
        except (OSError, AuditError) as error:
            say(f"voice {path.name} is not offered: {error}")
    if len(found) > MOST:
        say(f"only the first {MOST} of {len(found)} voices in {folder} are offered")
    return voices


def no_reference() -> RequestRefused:
    """The refusal of a request without any voice to take."""
    return RequestRefused(
        "IndexTTS 没有自带音色：请上传参考音频并声明来源，或选择管理员提供的音色。",
        "IndexTTS has no voice of its own: hand in a reference recording with its declaration, or choose a voice that "
        "the operator provides.",
        "reference",
    )


def _declaration(path: Path) -> Declaration:
    try:
        stated = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        stated = {}
    except ValueError as error:
        raise RequestRefused("声明文件不是有效的 JSON。", f"{path.name} is no JSON: {error}.") from error
    if not isinstance(stated, dict):
        stated = {}
    return references.checked_declaration(
        Declaration(*(str(stated.get(key) or "") for key in ("source", "consent", "purpose")))
    )
