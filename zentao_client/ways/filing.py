"""Ways to upload images for texts and to attach files to tasks, bugs and comments."""

from __future__ import annotations

import mimetypes
import secrets
import threading
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from zentao_client.errors import BadReply, Rejected
from zentao_client.models import FileKind, Upload
from zentao_client.parse import integer
from zentao_client.session import Session
from zentao_client.text import file_name
from zentao_client.transport import FilePart

IMAGE_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "gif"})


class FileWay(Protocol):
    """Attaches files. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    @property
    def at_once(self) -> bool:
        """True if one call takes any number of files, and False if it takes one."""

    def stored_name(self, name: str) -> str:
        """The name under which a file will be found."""

    def send(self, kind: FileKind, object_id: int, *uploads: Upload) -> int:
        """Attach them; the last one's id, or 0 if the server doesn't tell.

        Raises `Unsupported` before anything was sent.
        """


class ImageWay(Protocol):
    """Uploads an image for a text."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def upload(self, name: str, data: bytes) -> tuple[int, str]:
        """The file's id and the root-relative address under which a text shows it."""


class Album:
    """The upload id under which a thread's images wait for the text that shows them.

    18.x turns an image's address into a lasting reference only if the form names an upload id, and gives the
    files of that id to the form's object. So each text takes a new one, shared by the images uploaded for it.
    """

    def __init__(self) -> None:
        self._mine = threading.local()

    def current(self) -> str:
        """The upload id for the next image."""
        upload_id: str | None = getattr(self._mine, "upload_id", None)
        if upload_id is None:
            upload_id = self._mine.upload_id = secrets.token_hex(8)
        return upload_id

    def close(self) -> str:
        """The upload id for the text that is posted now; later images get a new one."""
        upload_id = self.current()
        self._mine.upload_id = None
        return upload_id


class V1Images:
    """POST /files of the API v1: on 18.x for images only."""

    name = "v1 files"

    def __init__(self, session: Session, album: Album) -> None:
        self._session = session
        self._album = album

    def upload(self, name: str, data: bytes) -> tuple[int, str]:
        """Upload under the album's id."""
        part = ("imgFile", (_image_name(name), data, _content_type(name)))
        content = self._session.v1("POST", "/files", params=[("uid", self._album.current())], files=[part])
        return _image(content, self._session)


class V2Images:
    """POST /files of the API v2, without an object."""

    name = "v2 files"

    def __init__(self, session: Session) -> None:
        self._session = session

    def upload(self, name: str, data: bytes) -> tuple[int, str]:
        """Upload it; the comment that shows it makes it belong to its object."""
        part = ("file", (_image_name(name), data, _content_type(name)))
        return _image(self._session.v2("POST", "/files", files=[part], expect="id"), self._session)


class V2Files:
    """POST /files of the API v2: one file per call, no history entry, nothing else is touched."""

    name = "v2 files"
    at_once = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def stored_name(self, name: str) -> str:
        """ZenTao's form of the name."""
        return file_name(name)

    def send(self, kind: FileKind, object_id: int, *uploads: Upload) -> int:
        """Attach one after the other."""
        file_id = 0
        for upload in uploads:
            data = _content(upload)
            name = self.stored_name(upload.name)
            form = [("objectType", kind), ("objectID", str(object_id))]
            part = ("file", (name, data, _content_type(name)))
            file_id = integer(self._session.v2("POST", "/files", form=form, files=[part], expect="id")["id"])
        return file_id


def form_files(uploads: Sequence[Upload]) -> tuple[list[FilePart], list[tuple[str, str]]]:
    """The parts of a legacy form for these files, and its labels."""
    parts: list[FilePart] = []
    labels: list[tuple[str, str]] = []
    for upload in uploads:
        name = file_name(upload.name)
        parts.append(("files[]", (name, _content(upload), _content_type(name))))
        labels.append(("labels[]", name))
    return parts, labels


def _content(upload: Upload) -> bytes:
    data = upload.read()
    if not data:
        # 18.x skips an empty file without a word, 22.x refuses it.
        raise Rejected([f"{upload.name} is empty: ZenTao keeps no empty files"])
    return data


def _image_name(name: str) -> str:
    clean = file_name(name)
    if clean.rsplit(".", 1)[-1].lower() not in IMAGE_EXTENSIONS:
        raise Rejected([f"{name} is no image that ZenTao shows: png, jpg, jpeg or gif"])
    return clean


def _content_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _image(content: object, session: Session) -> tuple[int, str]:
    if not isinstance(content, dict) or not content.get("id") or not content.get("url"):
        raise BadReply("an upload without id and url", str(content).encode())
    place = urlsplit(str(content["url"]))
    # The host that ZenTao names can lack the port, or be one that people don't use.
    address = (place.path or session.root) + (f"?{place.query}" if place.query else "")
    return integer(content["id"]), address
