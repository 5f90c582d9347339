"""Making text safe for ZenTao: escaping, characters its database loses, and its limit in bytes.

ZenTao's HTML fields hold at most 65,535 bytes; what is longer is cut silently, in the middle of a tag.
Databases with the character set utf8mb3 (every 18.x, and what was upgraded from it) turn each character
beyond the basic plane into `????`, so those are written out.
"""

from __future__ import annotations

import html as html_module
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

FIELD_BYTES = 65_535
# The server's sanitiser rewrites attributes and colours; what it may add has to fit as well.
RESERVE_BYTES = 1_500
MARKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._=-]{0,199}")
FORBIDDEN_EXTENSIONS = frozenset(
    [
        "php",
        "php3",
        "php4",
        "php5",
        "phtml",
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
VOID_TAGS = frozenset({"br", "img", "hr", "input", "col", "wbr"})

_WORDS = {"✅": "[OK]", "❌": "[X]", "🟢": "[OK]", "🔴": "[X]", "🟡": "[!]", "🚀": "[rocket]", "🎉": "[party]"}
_TOKEN = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|\w+);|[^<&]+|.", re.DOTALL)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)[^<>]*?(?P<empty>/?)>")
_NUMERIC_ENTITY = re.compile(r"&#(?:x([0-9a-fA-F]+)|(\d+));")


def readable(text: str) -> str:
    """`text` without what ZenTao destroys: emoji become words in brackets, control characters go."""
    return "".join(_character(one) for one in text)


def escape(text: str) -> str:
    """Plain text for an HTML field: readable, escaped, and with its line breaks kept."""
    return html_module.escape(readable(text)).replace("\n", "<br />")


def safe_html(html: str) -> str:
    """HTML that is escaped already, with what ZenTao destroys replaced, also where it is written as
    `&#128512;`.
    """
    return readable(_NUMERIC_ENTITY.sub(_astral_entity, html))


def marker_span(marker: str) -> str:
    """The invisible element that makes a comment recognisable; the only kind that ZenTao's sanitiser keeps.

    Raises ValueError for a marker with other characters than letters, digits and `:._=-`.
    """
    if not MARKER.fullmatch(marker):
        raise ValueError(f"not a marker: {marker!r}")
    return f'<span title="{marker}"></span>'


def has_marker(html: str, marker: str) -> bool:
    """True if the HTML read back holds the element of `marker`, however its attributes were rewritten."""
    return re.search(rf"""<span\b[^>]*\btitle=(["']?){re.escape(marker)}\1[\s/>]""", html) is not None


@dataclass(frozen=True, slots=True)
class Fitted:
    """`html` fits the limit and is well formed; `remainder` is the rest, well formed too, "" if nothing was
    cut.
    """

    html: str
    remainder: str = ""


def fit_html(html: str, limit: int = FIELD_BYTES - RESERVE_BYTES, notice: str = "<p>[…]</p>") -> Fitted:
    """Cut HTML to `limit` bytes of UTF-8 between characters, never within a tag or an entity.

    Tags that are open at the cut are closed before it and opened again in the remainder. `notice` stands at
    the cut.
    """
    if len(html.encode()) <= limit:
        return Fitted(html)
    kept: list[str] = []
    used = 0
    open_tags: list[tuple[str, str]] = []
    position = 0
    for token in _tokens(html):
        after = _tags_after(open_tags, token)
        room = limit - used - len(notice.encode()) - _closing_bytes(after)
        if len(token.encode()) > room:
            if not token.startswith(("<", "&")):
                part = token.encode()[: max(room, 0)].decode("utf-8", "ignore")
                kept.append(part)
                position += len(part)
            break
        kept.append(token)
        used += len(token.encode())
        position += len(token)
        open_tags = after
    closing = "".join(f"</{name}>" for name, _ in reversed(open_tags))
    opening = "".join(tag for _, tag in open_tags)
    return Fitted("".join(kept) + closing + notice, opening + html[position:])


def plain(html: str) -> str:
    """The words of an HTML text: without tags, entities decoded, blanks folded. For comparing what was
    stored.
    """
    return " ".join(html_module.unescape(re.sub(r"<[^>]*>", " ", html)).split())


def file_name(name: str) -> str:
    """A name under which ZenTao keeps a file: no path, no lost characters, `.txt` behind a refused extension.

    One file with a refused extension (`.html`, `.py`, …) makes 18.x drop all files of the same form silently.
    """
    base = readable(re.split(r"[\\/]", name)[-1]).translate({ord(bad): "_" for bad in '<>:"|?*;'}).strip(" .") or "file"
    extension = base.rsplit(".", 1)[-1].lower() if "." in base else ""
    return f"{base}.txt" if extension in FORBIDDEN_EXTENSIONS else base


def _character(one: str) -> str:
    if one in _WORDS:
        return _WORDS[one]
    if ord(one) > 0xFFFF:
        name = unicodedata.name(one, "")
        # Rare ideographs are named by their number alone, which reads better in the usual form.
        return f"[{name.lower()}]" if name and not re.search(r"-[0-9A-F]{5}$", name) else f"[U+{ord(one):X}]"
    if unicodedata.category(one) in {"Cc", "Cs"} and one not in "\n\t\r":
        return ""
    return one


def _astral_entity(hit: re.Match[str]) -> str:
    code = int(hit[1], 16) if hit[1] else int(hit[2])
    return chr(code) if 0xFFFF < code <= 0x10FFFF else hit[0]


def _tokens(html: str) -> Iterator[str]:
    return (hit[0] for hit in _TOKEN.finditer(html))


def _tags_after(open_tags: list[tuple[str, str]], token: str) -> list[tuple[str, str]]:
    tag = _TAG.fullmatch(token)
    if tag is None or tag["empty"] or tag["name"].lower() in VOID_TAGS:
        return open_tags
    name = tag["name"].lower()
    if not tag["end"]:
        return [*open_tags, (name, token)]
    for index in range(len(open_tags) - 1, -1, -1):
        if open_tags[index][0] == name:
            return open_tags[:index]
    return open_tags


def _closing_bytes(open_tags: list[tuple[str, str]]) -> int:
    return sum(len(name) + 3 for name, _ in open_tags)
