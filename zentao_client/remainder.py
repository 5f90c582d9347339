"""What of a text exceeds ZenTao's limit: a file where the server takes one, else handed back to the caller."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from zentao_client.errors import ZentaoError
from zentao_client.files import Files
from zentao_client.models import Attachment, ObjectKind, Upload
from zentao_client.text import Fitted, file_name

log = logging.getLogger(__name__)


def continuation(what: str, fitted: Fitted) -> tuple[Upload, ...]:
    """The file in which a text goes on; none if nothing was cut. `what` is "comment" or "description".

    Its name holds a digest of the content: the same rest is recognised when it is there already, and another
    one is never taken for it.
    """
    if not fitted.remainder:
        return ()
    data = fitted.remainder.encode()
    return (Upload(f"{what}-continued-{hashlib.sha256(data).hexdigest()[:8]}.txt", data),)


def still_missing(rest: Sequence[Upload], files: Sequence[Attachment]) -> str:
    """The text of those continuations that are not among an object's files; "" if all are."""
    there = {file.name for file in files}
    return "".join(upload.read().decode() for upload in rest if file_name(upload.name) not in there)


def attach_rest(files: Files, kind: ObjectKind, object_id: int, rest: Sequence[Upload]) -> tuple[Attachment, ...]:
    """Attach continuations to what was written already. A failure is only logged, since the write itself stands."""
    try:
        return files.attach(kind, object_id, rest)
    except ZentaoError as error:
        log.warning("the rest of a text on %s %s was not attached: %s", kind, object_id, error)
        return ()
