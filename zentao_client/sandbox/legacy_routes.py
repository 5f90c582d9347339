"""The table of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .call import Call, Reply, as_int
from .site import Site
from .taskdesk import Caller


@dataclass(frozen=True)
class PageCall:
    """A page call with its named values and the view (``json``, ``html``, or a file's extension)."""

    call: Call
    caller: Caller
    values: Mapping[str, str]
    view: str

    def number(self, name: str) -> int:
        return as_int(self.values.get(name) or self.values.get("id"))

    @property
    def posted(self) -> bool:
        """Whether a form arrived: an emptied one counts as none."""
        return self.call.method == "POST" and bool(self.call.form or self.call.uploads)

    def locate(self, site: Site, module: str, method: str, key: str, number: int) -> str:
        """The address of a page, as in ``data.locate``."""
        if site.request_type == "GET":
            return f"{self.call.host}/index.php?m={module}&f={method}&t=json&{key}={number}"
        return f"{self.call.host}/{module}-{method}-{number}.json"


@dataclass(frozen=True)
class Page:
    handler: Callable[[Site, PageCall], Reply]
    privilege: tuple[str, str] | None
    open: bool


PAGES: dict[str, Page] = {}


def page(
    module: str, method: str, *, privilege: bool = True, open_to_all: bool = False
) -> Callable[[Callable[[Site, PageCall], Reply]], Callable[[Site, PageCall], Reply]]:
    """Register a page; ``privilege`` demands ``module-method``, ``open_to_all`` needs no login."""

    def keep(handler: Callable[[Site, PageCall], Reply]) -> Callable[[Site, PageCall], Reply]:
        needed = (module, method) if privilege and not open_to_all else None
        PAGES[f"{module}-{method}".lower()] = Page(handler, needed, open_to_all)
        return handler

    return keep
