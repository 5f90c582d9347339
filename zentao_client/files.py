"""Files (附件) and the images in texts."""

from __future__ import annotations

import html as html_module
from collections.abc import Iterable, Sequence

from zentao_client.confirm import confirmed
from zentao_client.core import Core
from zentao_client.errors import NotFound, Unsupported
from zentao_client.models import Attachment, FileKind, ImageRef, Upload
from zentao_client.parse import attachments


class Files:
    """`zentao.files`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def attach(self, kind: FileKind, object_id: int, uploads: Sequence[Upload]) -> tuple[Attachment, ...]:
        """Attach files, one after the other; returns them as they were read back.

        Names with an extension that ZenTao refuses get `.txt` behind. Raises `Unsupported` where the server
        has no way that is safe for other people's changes: 18.x has none for a task (give the files to
        `tasks.finish`) and none for a comment. Raises `Rejected` for an empty file, `WriteUnknown` for one
        that does not show.
        """
        return tuple(self._attach(kind, object_id, upload) for upload in uploads)

    def upload_image(self, name: str, data: bytes) -> ImageRef:
        """Upload a png, jpg or gif; put the `html` of the result into a comment of the same thread."""
        way = self._core.ways.images[0]
        file_id, address = way.upload(name, data)
        return ImageRef(file_id, f'<img src="{html_module.escape(address)}" alt="" />')

    def download(self, file_id: int) -> bytes:
        """The bytes of a file. Raises `NotFound`, and `Forbidden` without the privilege file-download."""
        if self._core.info.dialect == "v22":
            return self._core.session.download_v2(f"/files/{file_id}/download")
        data = self._core.session.download("file", "download", [("fileID", str(file_id))])
        if not data:
            raise NotFound(f"file {file_id} is empty or not there")
        return data

    def _attach(self, kind: FileKind, object_id: int, upload: Upload) -> Attachment:
        refusal: Unsupported | None = None
        for way in self._core.ways.files:
            name = way.stored_name(upload.name)
            size = len(upload.read())
            known = {file.id for file in self._files(kind, object_id)}
            try:
                return confirmed(
                    f"attaching {name} to {kind} {object_id}",
                    lambda: way.send(kind, object_id, upload),  # noqa: B023
                    lambda: _new(self._files(kind, object_id), known, name, size),  # noqa: B023
                )
            except Unsupported as error:
                refusal = error
        raise refusal or Unsupported(f"no way to attach a file to {kind} {object_id}")

    def _files(self, kind: FileKind, object_id: int) -> tuple[Attachment, ...]:
        if kind != "comment":
            return attachments(self._core.reader.raw(kind, object_id).raw.get("files"))
        return ()


def _new(files: Iterable[Attachment], known: set[int], name: str, size: int) -> Attachment | None:
    found = [file for file in files if file.id not in known and file.name == name and file.size == size]
    return found[-1] if found else None
