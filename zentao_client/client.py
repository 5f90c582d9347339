"""The front door: one account on one ZenTao server."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import httpx

from zentao_client.bugs import Bugs
from zentao_client.comments import Comments
from zentao_client.core import Core
from zentao_client.executions import Executions
from zentao_client.files import Files
from zentao_client.models import Entry, ObjectKind, ServerInfo
from zentao_client.tasks import Tasks
from zentao_client.transport import TIMEOUT_SECONDS
from zentao_client.users import Users


class Zentao:
    """A ZenTao server as one account sees it; to be shared by all threads of a process.

    Making it sends nothing: the first use probes the server, then logs in. `state_dir` holds what must
    outlive the process, that is the breaker which keeps a wrong password from locking the account; without
    it, a folder of the user's own is taken. `entry` is an 应用 for signed calls on 18.x. `timeout` is how many
    seconds an answer may take; a write, in which ZenTao may be calling webhooks, gets three times as long. `handler`
    replaces the network, for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        account: str,
        password: str,
        state_dir: Path | None = None,
        entry: Entry | None = None,
        timeout: float = TIMEOUT_SECONDS,
        handler: httpx.BaseTransport | None = None,
    ) -> None:
        self._core = Core(url, account, password, state_dir=state_dir, entry=entry, timeout=timeout, handler=handler)
        self.account = account
        self.tasks = Tasks(self._core)
        self.comments = Comments(self._core)
        self.files = Files(self._core)
        self.bugs = Bugs(self._core)
        self.users = Users(self._core)
        self.executions = Executions(self._core)

    @property
    def server(self) -> ServerInfo:
        """What the server is; probed once, before any login."""
        return self._core.info

    def page_url(self, kind: ObjectKind, object_id: int) -> str:
        """The address at which a person sees a task or bug in the browser."""
        info = self._core.info
        base = info.url.rstrip("/")
        if info.request_type == "PATH_INFO":
            return f"{base}/{kind}-view-{object_id}.html"
        # 18.x names the parameter after the object, 22.x calls it plainly `id`.
        name = "id" if info.dialect == "v22" else f"{kind}ID"
        return f"{base}/index.php?m={kind}&f=view&{name}={object_id}"

    def ways(self) -> dict[str, tuple[str, ...]]:
        """By which ways this server is used, per capability, best first. For reports: nothing depends on it."""
        return self._core.ways.describe()

    def close(self) -> None:
        """Close the connections."""
        self._core.transport.close()

    def __enter__(self) -> Zentao:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
