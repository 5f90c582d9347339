"""Page addresses (`index.php?m=…&f=…` or `/task-view-2.json`): who may call, the Referer rule, and the routing."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import replace

from . import legacy_bugs, legacy_site, legacy_tasks
from .accounts import SESSION_SECONDS, new_token
from .call import HTML, Call, Reply, empty_reply, html_reply, json_reply, page_data, redirect
from .errors import Crash, Denied, Invisible, Missing, Nothing, Refused
from .legacy_routes import PAGES, Page, PageCall
from .site import Site
from .taskdesk import Caller

# The page modules register themselves in PAGES.
PAGE_MODULES = (legacy_bugs, legacy_site, legacy_tasks)

_ORDER: Mapping[str, tuple[str, ...]] = {
    "action-comment": ("objectType", "objectID"),
    "action-editComment": ("actionID",),
    "bug-create": ("productID", "branch", "extras"),
    "company-dynamic": ("browseType", "param", "recTotal", "date", "direction"),
    "execution-dynamic": ("executionID", "type", "param", "recTotal", "date", "direction"),
    "file-delete": ("fileID", "confirm"),
    "file-download": ("fileID", "mouse"),
    "file-read": ("fileID",),
    "my-work": ("mode",),
    "task-create": ("executionID",),
    "webhook-delete": ("id", "confirm"),
    "webhook-log": ("id",),
}


def answer(site: Site, call: Call) -> Reply | None:
    """The answer of a page with ``t=json``, of a file, or ``None`` where there is no such page in this mode."""
    if call.query.get("mode") == "getconfig" and call.path in ("/", "/index.php"):
        return _config(site)
    named = page_name(site, call)
    if named is None:
        return None
    name, values, view = named
    page = PAGES.get(name.lower())
    if page is None:
        return None
    caller = _caller(site, call)
    if caller is None and not page.open:
        return _login_first(site, call, view)
    if caller is not None and page.privilege and not site.accounts.may(caller.account, *page.privilege):
        return _deny(site, call, page.privilege, view)
    if call.method == "POST" and not _trusted(call):
        call = replace(call, form={}, uploads=())
    visitor = caller or Caller("", "page", call.host)
    return run(site, page, PageCall(call, visitor, values, view))


def run(site: Site, page: Page, page_call: PageCall) -> Reply:
    """Run one page and word its refusals."""
    try:
        return page.handler(site, page_call)
    except Refused as refused:
        return json_reply({"result": "fail", "message": refused.message}, content_type=HTML)
    except (Missing, Invisible):
        return page_data({"result": "fail", "message": "您没有访问权限"})
    except Denied as denied:
        return _deny(site, page_call.call, (denied.module, denied.method), page_call.view)
    except Nothing:
        return empty_reply(content_type=HTML)
    except Crash as crash:
        return html_reply(f"<html><body>{crash}</body></html>", 500)


def page_name(site: Site, call: Call) -> tuple[str, dict[str, str], str] | None:
    """``("task-view", {"taskID": "2"}, "json")`` from an address in the form that this server uses."""
    if site.request_type == "GET":
        if call.path not in ("/", "/index.php") or "m" not in call.query:
            return None
        name = f"{call.query['m']}-{call.query.get('f', 'index')}"
        return name, dict(call.query), call.query.get("t", "html")
    stem, dot, view = call.path.strip("/").rpartition(".")
    if not dot or view not in ("json", "html", "png", "jpg", "jpeg", "gif", "txt"):
        return None
    parts = stem.split("-")
    if len(parts) < 2:
        return None
    name = "-".join(parts[:2])
    order = _ORDER.get(name, (f"{parts[0]}ID",))
    return name, {**call.query, **dict(zip(order, parts[2:], strict=False))}, view


def _caller(site: Site, call: Call) -> Caller | None:
    for token in (call.query_token, call.header_token, call.cookie_token):
        session = site.accounts.session(token)
        if session and (site.dialect.api_token_opens_pages or session.kind == "web") and session.kind != "entry":
            return Caller(session.account, "page", call.host, session.token)
    return None


def _trusted(call: Call) -> bool:
    """A form is emptied unless the Referer is ours or the session stands in the address."""
    return bool(call.query_token) or call.headers.get("referer", "").startswith(call.host + "/")


def _login_first(site: Site, call: Call, view: str) -> Reply:
    target = call.path + (f"?{call.query_string}" if call.query_string else "")
    referer = base64.b64encode(target.encode()).decode()
    if site.request_type == "GET":
        json_part = "&t=json" if view == "json" else ""
        place = f"/index.php?m=user&f=login{json_part}&referer={referer}"
    else:
        place = f"/user-login-{referer}.{'json' if view == 'json' else 'html'}"
    if site.dialect.has_v2:
        return redirect(place)
    if view == "json":
        return page_data({"locate": call.host + place})
    return html_reply(
        "<html><meta charset='utf-8'/><style>body{background:white}</style>"
        f"<script>self.location='{place}';\n\n</script>\n"
    )


def _deny(site: Site, call: Call, privilege: tuple[str, str], view: str) -> Reply:
    module, method = privilege
    if site.request_type == "GET":
        place = f"/index.php?m=user&f=deny&t=json&module={module}&method={method}"
    else:
        place = f"/user-deny-{module}-{method}.json"
    if site.dialect.has_v2:
        return redirect(place)
    return page_data({"locate": call.host + place})


def _config(site: Site) -> Reply:
    number = secrets.randbelow(9000) + 1000
    return json_reply(
        {
            "version": site.dialect.version,
            "requestType": site.request_type,
            "requestFix": "-",
            "moduleVar": "m",
            "methodVar": "f",
            "viewVar": "t",
            "sessionVar": "zentaosid",
            "systemMode": "ALM",
            "sprintConcept": "0",
            "URAndSR": "1",
            "maxUploadSize": "128M",
            "sessionName": "zentaosid",
            "sessionID": new_token(),
            "random": number,
            "expiredTime": str(SESSION_SECONDS),
            "serverTime": int(site.clock.stamp()),
            "rand": number,
        },
        content_type=HTML,
    )
