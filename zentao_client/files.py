"""Files (附件) and the images in texts."""

from __future__ import annotations

import html as html_module
from collections.abc import Sequence

from zentao_client.confirm import confirmed
from zentao_client.core import Core
from zentao_client.models import Attachment, FileKind, ImageRef, Upload
from zentao_client.parse import attachments, integer
from zentao_client.ways.filing import FileWay


class Files:
    """`zentao.files`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def attach(self, kind: FileKind, object_id: int, uploads: Sequence[Upload]) -> tuple[Attachment, ...]:
        """Attach files, by as few calls as the server allows; returns them as they were read back.

        Names with an extension that ZenTao refuses get `.txt` behind. Raises `Unsupported` where the server
        has no way that is safe for other people's changes: 18.x has none for a task (give the files to
        `tasks.finish`) and none for a comment. Raises `Rejected` for an empty file, `WriteUnknown` for one
        that does not show.
        """
        way = self._core.ways.files[0]
        groups = [uploads] if way.at_once and uploads else [[upload] for upload in uploads]
        return tuple(file for group in groups for file in self._attach(way, kind, object_id, group))

    def upload_image(self, name: str, data: bytes) -> ImageRef:
        """Upload a png, jpg or gif; put the `html` of the result into a comment of the same thread."""
        way = self._core.ways.images[0]
        file_id, address = way.upload(name, data)
        return ImageRef(file_id, f'<img src="{html_module.escape(address)}" alt="" />')

    def download(self, file_id: int) -> bytes:
        """The bytes of a file. Raises `NotFound`, and `Forbidden` without the privilege file-download."""
        if self._core.info.dialect == "v22":
            return self._core.session.download_v2(f"/files/{file_id}/download")
        return self._core.session.download("file", "download", [("fileID", str(file_id))])

    def _attach(
        self, way: FileWay, kind: FileKind, object_id: int, uploads: Sequence[Upload]
    ) -> tuple[Attachment, ...]:
        wanted = [(way.stored_name(upload.name), len(upload.read())) for upload in uploads]
        known = {file.id for file in self._files(kind, object_id)}
        sent: list[int] = []

        def look() -> tuple[Attachment, ...] | None:
            if kind == "comment":
                found = self._on_comment(object_id, sent[0], wanted[0][1]) if sent else None
                return (found,) if found else None
            return _matching(wanted, [file for file in self._files(kind, object_id) if file.id not in known])

        return confirmed(
            f"attaching {', '.join(name for name, _ in wanted)} to {kind} {object_id}",
            lambda: sent.append(way.send(kind, object_id, *uploads)),
            look,
        )

    def _files(self, kind: FileKind, object_id: int) -> tuple[Attachment, ...]:
        if kind == "comment":
            return ()
        return attachments(self._core.reader.raw(kind, object_id).raw.get("files"))

    def _on_comment(self, action_id: int, file_id: int, size: int) -> Attachment | None:
        # Which object the comment belongs to is not known here; the file itself names its entry, but not its size.
        raw = self._core.session.v2("GET", f"/files/{file_id}", expect="file")["file"]
        if raw.get("objectType") != "comment" or integer(raw.get("objectID")) != action_id:
            return None
        return attachments([{**raw, "size": size}])[0]


def _matching(wanted: Sequence[tuple[str, int]], fresh: Sequence[Attachment]) -> tuple[Attachment, ...] | None:
    """A file of its own for each name and size; None if one is missing."""
    found: list[Attachment] = []
    for name, size in wanted:
        hit = next((file for file in fresh if (file.name, file.size) == (name, size) and file not in found), None)
        if hit is None:
            return None
        found.append(hit)
    return tuple(found)
