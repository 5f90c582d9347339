"""Ways to find, create, reopen and extend bugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zentao_client.errors import BadReply, Rejected, Unsupported
from zentao_client.models import Upload
from zentao_client.parse import Raw, integer, rows
from zentao_client.session import Session
from zentao_client.ways.filing import V2Files, form_files

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class NewBug:
    """A bug to create. `steps` is HTML, `upload_id` the one of the images in it."""

    product: int
    title: str
    task: int
    execution: int
    project: int
    steps: str
    keyword: str
    severity: int
    pri: int
    type: str
    assigned_to: str | None
    files: tuple[Upload, ...] = ()
    upload_id: str = ""

    def fields(self) -> dict[str, Any]:
        """The body of both APIs."""
        fields: dict[str, Any] = {
            "product": self.product,
            "title": self.title,
            "openedBuild": ["trunk"],
            "severity": self.severity,
            "pri": self.pri,
            "type": self.type,
            "project": self.project,
            "execution": self.execution,
            "task": self.task,
            "steps": self.steps,
            "keywords": self.keyword,
        }
        if self.assigned_to:
            fields["assignedTo"] = self.assigned_to
        return fields


class BugWay(Protocol):
    """Creates and reopens bugs. Success still has to be read back."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def create(self, bug: NewBug) -> int:
        """The id that the server answers with. Raises `Unsupported` before anything was sent."""

    def activate(self, raw: Raw, comment: str, assigned_to: str, files: Sequence[Upload]) -> None:
        """Reopen the bug that was read as `raw`. Raises `Unsupported` before anything was sent."""


class BugSearchWay(Protocol):
    """Finds bugs by a part of their keywords."""

    @property
    def name(self) -> str:
        """How this way is called in reports."""

    def search(self, product: int, keyword: str) -> list[Raw]:
        """All bugs of the product whose keywords contain `keyword`."""


class V1Bugs:
    """The API v1's bug routes; without files."""

    name = "v1"

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, bug: NewBug) -> int:
        """POST /products/:id/bugs."""
        if bug.files:
            raise Unsupported("the API v1 takes no files with a bug")
        content = self._session.v1("POST", f"/products/{bug.product}/bugs", json=bug.fields())
        return _new_id(content)

    def activate(self, raw: Raw, comment: str, assigned_to: str, files: Sequence[Upload]) -> None:
        """POST /bugs/:id/active."""
        if files:
            raise Unsupported("the API v1 takes no files with a bug")
        body = {"openedBuild": builds(raw), "assignedTo": assigned_to, "comment": comment}
        self._session.v1("POST", f"/bugs/{integer(raw['id'])}/active", json=body)


class PageBugs:
    """The legacy forms of 18.x, which carry files with the new or reopened bug."""

    name = "legacy form"

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, bug: NewBug) -> int:
        """Post the form of a new bug."""
        values = {**bug.fields(), "module": 0, "story": 0, "assignedTo": bug.assigned_to or ""}
        if bug.upload_id:
            values["uid"] = bug.upload_id
        form = form_fields(values)
        parts, labels = form_files(bug.files)
        place = [("productID", str(bug.product)), ("branch", "0"), ("extras", "")]
        outcome = self._session.post_page("bug", "create", place, form + labels, files=parts)
        if outcome.alert:
            raise Rejected([outcome.alert])
        return _new_id(outcome.data)

    def activate(self, raw: Raw, comment: str, assigned_to: str, files: Sequence[Upload]) -> None:
        """Post the form of a reopened bug: it holds nothing that people may have changed."""
        values = {"openedBuild": builds(raw), "assignedTo": assigned_to, "comment": comment}
        parts, labels = form_files(files)
        place = [("bugID", str(integer(raw["id"])))]
        outcome = self._session.post_page("bug", "activate", place, form_fields(values) + labels, files=parts)
        if outcome.alert:
            raise Rejected([outcome.alert])


class V2Bugs:
    """The API v2's bug routes; files are attached afterwards."""

    name = "v2"

    def __init__(self, session: Session, files: V2Files) -> None:
        self._session = session
        self._files = files

    def create(self, bug: NewBug) -> int:
        """POST /bugs, then its files."""
        params = [("productID", str(bug.product))]
        bug_id = _new_id(self._session.v2("POST", "/bugs", json=bug.fields(), params=params, expect="id"))
        for upload in bug.files:
            self._files.send("bug", bug_id, upload)
        return bug_id

    def activate(self, raw: Raw, comment: str, assigned_to: str, files: Sequence[Upload]) -> None:
        """The files, then PUT /bugs/:id/activate."""
        bug_id = integer(raw["id"])
        for upload in files:
            self._files.send("bug", bug_id, upload)
        body = {"openedBuild": builds(raw), "assignedTo": assigned_to, "comment": comment}
        self._session.v2("PUT", f"/bugs/{bug_id}/activate", json=body)


class PageBugSearch:
    """A stored search through the legacy search form, then the API v1's list of its hits."""

    name = "search form, v1 list"

    def __init__(self, session: Session) -> None:
        self._session = session

    def search(self, product: int, keyword: str) -> list[Raw]:
        """All hits, page by page."""

        def ask() -> None:
            fields = search_fields(self._session.root, product, keyword)
            self._session.post_page("search", "buildQuery", [], list(fields.items()), writes=False)

        def page(number: int) -> tuple[list[Raw], int]:
            params = [("status", "bysearch"), ("limit", str(PAGE_SIZE)), ("page", str(number))]
            content = self._session.v1("GET", f"/products/{product}/bugs", params=params)
            if not isinstance(content, dict):
                raise BadReply("a list of bugs without its envelope")
            return rows(content.get("bugs")), integer(content.get("total"))

        return _hits(self._session, ask, page)


class V2BugSearch:
    """A stored search through the API v2, then its list of the hits."""

    name = "v2 search/buildQuery"

    def __init__(self, session: Session) -> None:
        self._session = session

    def search(self, product: int, keyword: str) -> list[Raw]:
        """All hits, page by page."""

        def ask() -> None:
            fields = search_fields(self._session.root, product, keyword)
            self._session.v2("POST", "/search/buildQuery", json=fields, writes=False)

        def page(number: int) -> tuple[list[Raw], int]:
            params = [("browseType", "bysearch"), ("recPerPage", str(PAGE_SIZE)), ("pageID", str(number))]
            content = self._session.v2("GET", f"/products/{product}/bugs", params=params, expect="bugs")
            pager = content.get("pager")
            return rows(content["bugs"]), integer(pager.get("recTotal") if isinstance(pager, dict) else 0)

        return _hits(self._session, ask, page)


def search_fields(root: str, product: int, keyword: str) -> dict[str, str]:
    """The search form: all six slots have to be there, five of them empty."""
    fields = {
        "module": "bug",
        # Where the page would go on. It must look like a page in the server's form of addresses, or the answer is
        # empty; the API v2 takes the other form than the pages of the same server. This one is right in both.
        "actionURL": f"{root}bug-browse-{product}.json?m=bug&f=browse&productID={product}",
        "groupAndOr": "and",
        "groupItems": "3",
    }
    for slot in range(1, 7):
        fields |= {
            f"field{slot}": "keywords" if slot == 1 else "title",
            f"operator{slot}": "include",
            f"value{slot}": keyword if slot == 1 else "",
            f"andOr{slot}": "AND",
        }
    return fields


def builds(raw: Raw) -> list[str]:
    """The affected builds of a bug in any dialect: a list of objects, a list, or a text with commas."""
    value = raw.get("openedBuild")
    items = value if isinstance(value, list) else str(value or "").split(",")
    found = [str(item.get("id") if isinstance(item, Mapping) else item).strip() for item in items]
    return [item for item in found if item and item != "主干"] or ["trunk"]


def form_fields(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A form from values; a list becomes a repeated `name[]`."""
    fields: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, list):
            fields += [(f"{name}[]", str(item)) for item in value]
        else:
            fields.append((name, str(value)))
    return fields


def _hits(session: Session, ask: Any, page: Any) -> list[Raw]:
    for _ in range(2):
        token = session.token()
        ask()
        found: dict[int, Raw] = {}
        number = 1
        while True:
            items, total = page(number)
            found |= {integer(item.get("id")): item for item in items}
            # ZenTao repeats its last page for ever: count, never wait for an empty one.
            if not items or number * PAGE_SIZE >= total:
                break
            number += 1
        # The search belongs to the token; a new one in between has listed something else.
        if session.token() == token:
            return list(found.values())
    raise BadReply("the token changed twice during one search")


def _new_id(content: Any) -> int:
    new_id = integer(content.get("id")) if isinstance(content, dict) else 0
    if not new_id:
        raise BadReply("a new bug without its id", str(content).encode())
    return new_id
