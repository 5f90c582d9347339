"""Attachments: what ZenTao accepts, how it names the type, and images inside texts."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from typing import Any

from . import richtext
from .clock import Clock
from .database import Database, Row
from .dialect import Dialect

IMAGES = frozenset({"jpg", "jpeg", "png", "gif"})
KNOWN = IMAGES | frozenset(
    [
        "txt",
        "doc",
        "docx",
        "dot",
        "wps",
        "wri",
        "pdf",
        "ppt",
        "pptx",
        "xls",
        "xlsx",
        "ett",
        "xlt",
        "xlsm",
        "csv",
        "psd",
        "ico",
        "bmp",
        "xmind",
        "eml",
        "avi",
        "rm",
        "mp3",
        "mp4",
        "3gp",
        "flv",
        "mov",
        "movie",
        "rar",
        "zip",
        "bz2",
        "bz",
        "tar",
        "gz",
        "mpp",
        "rp",
        "pdm",
        "vsdx",
        "vsd",
        "sql",
    ]
)
FORBIDDEN = frozenset(
    [
        "php",
        "php3",
        "php4",
        "phtml",
        "php5",
        "jsp",
        "py",
        "rb",
        "asp",
        "aspx",
        "ashx",
        "asa",
        "cer",
        "cdx",
        "aspl",
        "shtm",
        "shtml",
        "html",
        "htm",
    ]
)
_OWN_IMAGE = re.compile(
    r"^(?P<host>https?://[^/]+)?/(?:index\.php\?m=file&(?:amp;)?f=read&(?:amp;)?t=(?P<t>\w+)&(?:amp;)?fileID=(?P<id>\d+)"
    r"|file-read-(?P<id2>\d+)\.(?P<t2>\w+))$"
)
_PLACEHOLDER = re.compile(r'src="\{(\d+)\.(\w+)\}"')
_DATA = re.compile(r"^data:image/(\w+);base64,(.+)$", re.DOTALL)


@dataclass(frozen=True)
class Upload:
    """One file of a multipart request."""

    field: str
    name: str
    content: bytes


class Files:
    """Stored files; their bytes lie in the database."""

    def __init__(self, database: Database, clock: Clock, dialect: Dialect, request_type: str) -> None:
        self._db = database
        self._clock = clock
        self._dialect = dialect
        self._request_type = request_type

    def add(
        self,
        name: str,
        content: bytes,
        *,
        by: str,
        object_type: str = "",
        object_id: int = 0,
        uid: str = "",
        session: str = "",
    ) -> int:
        suffix = extension_of(name)
        extension = suffix if suffix in KNOWN else "txt"
        now = self._clock.local()
        stamp = now[8:10] + now[11:].replace(":", "") + secrets.token_hex(4)
        title = name if self._dialect.four_byte_text else richtext.without_four_byte(name)
        return self._db.insert(
            "file",
            pathname=f"{now[:4]}{now[5:7]}/{stamp}.{extension}",
            title=title,
            extension=extension,
            size=len(content),
            objectType=object_type,
            objectID=object_id,
            addedBy=by,
            addedDate=now[:10] + " 00:00:00",
            uid=uid,
            session=session,
            content=content,
        )

    def add_form(
        self, uploads: list[Upload], labels: list[str], *, by: str, object_type: str, object_id: int
    ) -> list[str]:
        """Files of a page's form: empty ones are skipped; one with a forbidden extension discards all of them.

        Returns the titles that were stored.
        """
        sent = [upload for upload in uploads if upload.field.startswith("files")]
        if any(extension_of(upload.name) in FORBIDDEN for upload in sent):
            return []
        titles = []
        for index, upload in enumerate(sent):
            if upload.content:
                title = labels[index] if index < len(labels) and labels[index] else upload.name
                self.add(title, upload.content, by=by, object_type=object_type, object_id=object_id)
                titles.append(title)
        return titles

    def get(self, file_id: int) -> Row | None:
        return self._db.row("SELECT * FROM file WHERE id = ? AND deleted = 0", file_id)

    def by_path(self, path: str) -> Row | None:
        return self._db.row("SELECT * FROM file WHERE pathname LIKE ? AND deleted = 0", path + ".%")

    def delete(self, file_id: int) -> None:
        self._db.update("file", file_id, deleted=1)

    def of(self, object_type: str, object_id: int) -> list[Row]:
        return self._db.rows(
            "SELECT id, pathname, title, extension, size, objectType, objectID, addedBy, addedDate FROM file "
            "WHERE objectType = ? AND objectID = ? AND deleted = 0 ORDER BY id",
            object_type,
            object_id,
        )

    def listed(self, object_type: str, object_id: int) -> list[Any] | dict[str, Any]:
        """The ``files`` field of an object: an empty list, else an object keyed by id."""
        found = {str(row["id"]): self.shape(row) for row in self.of(object_type, object_id)}
        return found or []

    def shape(self, row: Row) -> dict[str, Any]:
        place = str(row["pathname"]).rsplit(".", 1)[0]
        shaped: dict[str, Any] = {
            "id": row["id"],
            "pathname": row["pathname"],
            "title": row["title"],
            "extension": row["extension"],
            "size": row["size"],
            "objectType": row["objectType"],
            "objectID": row["objectID"],
        }
        if self._dialect.has_v2:
            shaped["gid"] = ""
        shaped |= {
            "addedBy": row["addedBy"],
            "addedDate": row["addedDate"],
            "downloads": 0,
            "extra": "",
            "deleted": 0 if self._dialect.has_v2 else "0",
            "realPath": f"/opt/zentao/www/data/upload/1/{place}",
            "webPath": f"/data/upload/1/{place}",
        }
        if self._dialect.has_v2:
            shaped |= {"name": row["title"], "url": f"/index.php?m=file&f=download&t=json&fileID={row['id']}"}
        return shaped

    def read_url(self, file_id: int, extension: str) -> str:
        if self._request_type == "PATH_INFO":
            return f"/file-read-{file_id}.{extension}"
        return f"/index.php?m=file&f=read&t={extension}&fileID={file_id}"

    # images in texts

    def stored_text(self, text: str, *, by: str, host: str, object_type: str, object_id: int, field: bool) -> str:
        """Rich text as it is stored: filtered, own images as ``{26.png}``, ``data:`` images kept as files on 22.4.

        ``field`` marks a ``desc`` or ``steps``, where an absolute address of this server is recognised as well;
        in comments only the root-relative form is.
        """

        def keep(source: str) -> str | None:
            own = _OWN_IMAGE.match(source)
            if own and (not own["host"] or (field and own["host"] == host)):
                return f"{{{own['id'] or own['id2']}.{own['t'] or own['t2']}}}"
            if source.startswith("data:"):
                return self._data_image(source, by=by, object_type=object_type, object_id=object_id)
            return source if re.match(r"^(?:https?://|/|\{|[^:]*$)", source) else None

        clean = richtext.sanitise(text, keep)
        return clean if self._dialect.four_byte_text else richtext.without_four_byte(clean)

    def _data_image(self, source: str, *, by: str, object_type: str, object_id: int) -> str | None:
        found = _DATA.match(source)
        if not found or not self._dialect.stores_data_images:
            return None
        try:
            content = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            return None
        name = f"pasted.{found[1]}"
        file_id = self.add(name, content, by=by, object_type=object_type, object_id=object_id)
        return f"{{{file_id}.{extension_of(name)}}}"

    def shown_text(self, text: str, host: str, width: int = 870) -> str:
        """Stored text as it is read back: ``{26.png}`` becomes an address and a resize call."""

        def address(found: re.Match[str]) -> str:
            url = host + self.read_url(int(found[1]), found[2])
            return f'onload="setImageSize(this,{width})" src="{url}"'

        return _PLACEHOLDER.sub(address, text)

    def claim(self, uid: str, session: str, text: str, object_type: str, object_id: int) -> None:
        """Attach images that were uploaded with ``uid`` by this session and are used in ``text``."""
        if not uid:
            return
        for file_id, _ in _PLACEHOLDER.findall(text):
            self._db.run(
                "UPDATE file SET objectType = ?, objectID = ? "
                "WHERE id = ? AND uid = ? AND session = ? AND objectID = 0",
                object_type,
                object_id,
                int(file_id),
                uid,
                session,
            )


def extension_of(name: str) -> str:
    """The lower-case extension, ``""`` without one."""
    return name.rsplit(".", 1)[1].lower() if "." in name else ""
