"""`zentao-deploy check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.exits import AUTH, FAILED, OK, explained
from orchestrator.cli.options import Config, Json, load_settings

if TYPE_CHECKING:
    from orchestrator.context import Context
    from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table."""

    what: str
    ok: bool
    words: str
    status: int = FAILED


def check(as_json: Json = False, config: Config = None) -> int:
    """Try everything a deployment will need: settings, inventory, playbooks, the login to ZenTao, each host.

    Changes nothing. Ends with 0 when all is well, 4 when only the login is wrong, else 1.
    """
    findings = []
    for finding in _findings(load_settings(config)):
        findings.append(finding)
        if not as_json:
            output.tell(f"{'✓' if finding.ok else '✗'} {finding.what:<22} {finding.words}")
    if as_json:
        output.data([{"what": each.what, "ok": each.ok, "words": each.words} for each in findings], as_json=True)
    wrong = {each.status for each in findings if not each.ok}
    return OK if not wrong else (AUTH if wrong == {AUTH} else FAILED)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", True, str(settings.path))
    from orchestrator.inventory import Inventory  # noqa: PLC0415
    from orchestrator.playbook import Playbook, known_playbooks  # noqa: PLC0415

    yield _try("inventory", lambda: ", ".join(Inventory.load(settings.inventory).hosts))

    def playbooks() -> str:
        paths = known_playbooks(settings.playbooks)
        for path in paths.values():
            Playbook.load(path)
        if settings.default_playbook not in paths:
            raise FileNotFoundError(f"default_playbook {settings.default_playbook!r} is not among {', '.join(paths)}")
        return ", ".join(paths)

    yield _try("playbooks", playbooks)
    yield _try("webhook", lambda: "secret set" if settings.web.read_webhook_secret() else "none: polling only")
    from orchestrator.context import open_context, use  # noqa: PLC0415

    opened = _try("data folder", lambda: _opened(settings))
    yield opened
    if opened.ok:
        with use(open_context(settings)) as context:
            yield from _outside(context)


def _opened(settings: Settings) -> str:
    from orchestrator.context import open_context  # noqa: PLC0415

    open_context(settings).close()
    return str(settings.data_dir)


def _outside(context: Context) -> Iterator[Finding]:
    def server() -> str:
        info = context.zentao.server
        return f"{info.url}, version {info.version}, clock {info.clock_skew.total_seconds():+.0f} s"

    def login() -> str:
        user = context.zentao.users.me()
        return f"as {user.account} ({user.realname})"

    def tasks() -> str:
        page = context.zentao.tasks.search(order="lastEditedDate_desc", limit=1)
        return f"{page.total} visible to the bot"

    reached = _try("ZenTao", server)
    yield reached
    if reached.ok:
        logged_in = _try("ZenTao login", login)
        yield logged_in
        if logged_in.ok:
            yield _try("ZenTao tasks", tasks)
    for name in context.inventory.hosts:
        yield _try(f"host {name}", lambda name=name: _host(context, name))  # type: ignore[misc]


def _host(context: Context, name: str) -> str:
    facts = context.hosts.host(name).facts()
    if not facts.root_writable:
        raise PermissionError(f"{facts.user}@{facts.hostname} may not write to {facts.root}")
    free = "?" if facts.disk_free is None else f"{facts.disk_free / 2**30:.0f} GiB"
    gpus = ", ".join(gpu.name for gpu in facts.gpus) or "no GPU"
    return f"{facts.user}@{facts.hostname}, {facts.os}, {free} free at {facts.root}, {gpus}"


def _try(what: str, ask: Callable[[], str]) -> Finding:
    from orchestrator.hosts import HostError  # noqa: PLC0415

    try:
        return Finding(what, True, ask())
    except HostError as error:
        return Finding(what, False, str(error))
    except Exception as error:
        failure = explained(error)
        if failure is None:
            raise
        return Finding(what, False, str(failure).replace("\n", " "), failure.status)
