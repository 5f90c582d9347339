"""ZenTao's HTML filter as it was observed: what survives in a comment or description, and what is lost.

The output is rebuilt from allowed tags and quoted attributes only, so it is also what the sandbox's own pages trust.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

_KEPT = frozenset(
    [
        "p",
        "br",
        "strong",
        "b",
        "em",
        "i",
        "u",
        "s",
        "del",
        "a",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
        "pre",
        "code",
        "kbd",
        "blockquote",
        "hr",
        "img",
        "span",
        "div",
        "sub",
        "sup",
    ]
)
_VOID = frozenset({"br", "hr", "img"})
_DROPPED_WITH_CONTENT = frozenset({"script", "style", "iframe", "object", "textarea", "title", "noscript"})
_ATTRIBUTES = frozenset(
    {"class", "title", "href", "src", "alt", "style", "width", "height", "colspan", "rowspan", "target"}
)
_STYLES = frozenset(
    [
        "color",
        "background-color",
        "font-size",
        "font-weight",
        "font-style",
        "text-align",
        "text-decoration",
        "width",
        "height",
        "padding",
        "margin",
        "border",
        "line-height",
    ]
)
_COLOURS = {"red": "#FF0000", "green": "#008000", "blue": "#0000FF", "black": "#000000", "white": "#FFFFFF"}
_SAFE_URL = re.compile(r"^(?:https?:|mailto:|ftp:|/|\{|#|\.|[^:]*$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EVAL = re.compile(r"eval\(")
_FOUR_BYTES = re.compile(r"[\U00010000-\U0010ffff]")

COMMENT_BYTES = 65_535


class _Filter(HTMLParser):
    def __init__(self, keep_image: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0
        self._keep_image = keep_image

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED_WITH_CONTENT:
            self._silent += 1
        if self._silent or tag not in _KEPT:
            return
        attributes = _attributes(attrs)
        if tag == "img":
            source = self._keep_image(attributes.get("src", ""))
            if source is None:
                return
            attributes["src"] = source
            attributes.setdefault("alt", "")
        written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
        if tag in _VOID:
            self.parts.append(f"<{tag}{written} />")
        else:
            self._open.append(tag)
            self.parts.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED_WITH_CONTENT:
            self._silent = max(0, self._silent - 1)
        elif not self._silent and tag in self._open:
            while self._open:
                inner = self._open.pop()
                self.parts.append(f"</{inner}>")
                if inner == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(html.escape(data, quote=False))

    def handle_pi(self, data: str) -> None:
        if not self._silent:
            self.parts.append(html.escape(f"<?{data}>", quote=False))

    def finish(self) -> str:
        self.close()
        while self._open:
            self.parts.append(f"</{self._open.pop()}>")
        return "".join(self.parts)


def _attributes(attrs: list[tuple[str, str | None]]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, raw in attrs:
        value = raw or ""
        if name not in _ATTRIBUTES:
            continue
        if name == "href" and not _SAFE_URL.match(value.strip()):
            continue
        if name == "style":
            value = _style(value)
            if not value:
                continue
        kept[name] = value
    return kept


def _style(text: str) -> str:
    kept = []
    for rule in text.split(";"):
        name, _, value = (part.strip() for part in rule.partition(":"))
        if name.lower() in _STYLES and re.fullmatch(r"[\w#%.,() -]+", value) and "(" not in value.replace("rgb(", ""):
            kept.append(f"{name.lower()}:{_COLOURS.get(value.lower(), value)}")
    return ";".join(kept) + ";" if kept else ""


def _safe_image(source: str) -> str | None:
    return None if source.startswith("data:") or not _SAFE_URL.match(source) else source


def sanitise(text: str, keep_image: Callable[[str], str | None] | None = None) -> str:
    """HTML as ZenTao stores it.

    ``keep_image`` gets each image's source and answers with the source to store, or ``None`` to drop the image;
    without it ``data:`` images are dropped and the rest is kept.
    """
    if not text:
        return ""
    worker = _Filter(keep_image or _safe_image)
    worker.feed(_CONTROL.sub("", text))
    return _EVAL.sub("e v a l(", worker.finish())


def without_four_byte(text: str) -> str:
    """What a utf8mb3 table makes of an emoji: four question marks."""
    return _FOUR_BYTES.sub("????", text)


def damaged_task_text(text: str) -> str:
    """What 22.4's v2 ``PUT`` makes of 4-byte characters in task fields it re-writes: the low 16 bits stay."""
    return _FOUR_BYTES.sub(lambda found: chr(ord(found.group()) & 0xFFFF), text)


def damaged_bug_text(text: str) -> str:
    """The same for bugs: the character is gone."""
    return _FOUR_BYTES.sub("", text)


def cut_comment(text: str) -> str:
    """The first 65 535 bytes, as MySQL's ``text`` column keeps them; a character is never split."""
    raw = text.encode()
    return text if len(raw) <= COMMENT_BYTES else raw[:COMMENT_BYTES].decode(errors="ignore")


def escaped_title(text: str) -> str:
    """A title as 18.8 stores it: HTML-escaped, control characters kept."""
    return html.escape(text, quote=True).replace("&#x27;", "&#039;")
