"""Durable workflows behind our own names. This is the only file that knows of DBOS.

A *workflow* is a plain function that tells a story; each *step* in it has an effect or reads the world. A step that
has ended is never run again: after a crash the function runs from the top, finished steps answer from the record, and
the first unfinished one is run (so a step must find what its earlier, interrupted self began).

    @step("ask the host")
    def ask(host: str) -> str: ...

    @workflow("greet")
    def greet(host: str) -> str:
        return ask(host)

    with Engine(Path("data")) as engine:            # takes the lock, then launches
        engine.start(greet, "greet-1", "gpu-01")    # a second start with the same id changes nothing
        engine.wait("greet-1", timeout=10)

Outside a running engine the decorated functions are ordinary functions, which is how tests read a story without one.
Importing this file doesn't import DBOS: `zentao-deploy --help` stays quick.
"""

from __future__ import annotations

import functools
import logging
import pickle
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, ParamSpec, Self, TypeVar

from orchestrator.processlock import ProcessLock

if TYPE_CHECKING:
    from dbos import WorkflowStatus

P = ParamSpec("P")
R = TypeVar("R")

APPLICATION_VERSION: Final = "wf-1"
"""Raised only when the sequence of steps of a workflow changes: work begun under another version isn't resumed."""
HOSTS: Final = "hosts"
"""The queue for work on hosts: one workflow per partition (host) at a time."""

_CANCEL: Final = "cancel_requested"
_QUEUE_POLL: Final = 0.5
_RESULT_POLL: Final = 0.25
_OPEN: Final = ("PENDING", "ENQUEUED", "DELAYED")
_Phase = Literal["queued", "running", "succeeded", "failed", "cancelled"]
_PHASES: Final[dict[str, _Phase]] = {
    "DELAYED": "queued",
    "ENQUEUED": "queued",
    "PENDING": "running",
    "SUCCESS": "succeeded",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}


class EngineError(Exception):
    """Base of what can go wrong with the engine itself."""


class EngineBusy(EngineError):
    """Another process owns this data folder's engine: hand the work to it instead of opening a second one."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid

    def __str__(self) -> str:
        return f"the engine is in use by process {self.pid}" if self.pid else "the engine is in use"


class UnknownWorkflow(EngineError):
    """No workflow has this id."""


class StepFailed(EngineError):
    """A step's error that can't be stored as it is; its kind and its words survive a restart in this form."""


class Cancelled(Exception):
    """The workflow was asked to stop. Raised before each step that isn't a clean-up step; catch it to tidy up."""


class Stopping(BaseException):
    """This process is shutting down. Never catch it: the workflow continues here when the daemon is back.

    Not an `Exception`, so that no step records it as its failure.
    """


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """What the engine knows of one workflow. Times are Unix seconds."""

    id: str
    name: str
    phase: _Phase
    cancel_requested: bool
    parent: str | None
    created_at: float
    ended_at: float | None
    error: str | None

    @property
    def ended(self) -> bool:
        """True once nothing more will happen."""
        return self.phase in ("succeeded", "failed", "cancelled")


class Workflow(Generic[P, R]):
    """A registered workflow. Calling it runs the story at once, in this thread and without any record."""

    def __init__(self, name: str, function: Callable[P, R]) -> None:
        self.name = name
        self.function = function
        self.durable: Callable[..., Any] | None = None
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


_workflows: dict[str, Workflow[..., Any]] = {}
_running: Engine | None = None
_singleton = threading.Lock()


def workflow(name: str) -> Callable[[Callable[P, R]], Workflow[P, R]]:
    """Declare a workflow under a name that stays the same for ever: stored work is found again by it."""

    def declare(function: Callable[P, R]) -> Workflow[P, R]:
        if name in _workflows:
            raise ValueError(f"two workflows are called {name!r}")
        declared = Workflow(name, function)
        _workflows[name] = declared
        return declared

    return declare


def declared(name: str) -> Workflow[..., Any]:
    """The workflow of that name; its module must have been imported. Raises EngineError otherwise."""
    if name not in _workflows:
        raise EngineError(f"no workflow is called {name!r}")
    return _workflows[name]


def step(
    name: str,
    *,
    attempts: int = 1,
    interval: float = 1.0,
    backoff: float = 2.0,
    retry_on: tuple[type[Exception], ...] = (Exception,),
    cleanup: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a step; inside a workflow its result is stored and it isn't run a second time.

    Args:
        attempts: how often it is tried in all. Off (1) by default: most effects must not be repeated blindly.
        interval: seconds before the second attempt; `backoff` multiplies it for each further one.
        retry_on: only these errors are tried again.
        cleanup: run it also after a cancel was requested; every other step then raises `Cancelled` instead.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            engine = _running
            if engine is None:
                return function(*args, **kwargs)
            body = functools.partial(function, *args, **kwargs)
            return engine._step(
                name,
                body,
                attempts=attempts,
                interval=interval,
                backoff=backoff,
                retry_on=retry_on,
                cleanup=cleanup,
            )

        return wrapper

    return declare


def cancelled() -> bool:
    """For long steps, every second or so: has somebody asked this workflow (or its parent) to stop?

    It is also where a daemon that is being stopped leaves a long step, by `Stopping`. False outside an engine.
    """
    engine = _running
    return engine is not None and engine._cancelled_here()


def running() -> Engine:
    """The engine of this process. Raises EngineError when none is launched."""
    if _running is None:
        raise EngineError("the engine isn't running")
    return _running


def current_workflow_id() -> str | None:
    """The id of the workflow that this thread is carrying out, also inside its steps."""
    if _running is None:
        return None
    from dbos import DBOS  # noqa: PLC0415 - see the head of the file

    return DBOS.workflow_id


def sleep(seconds: float) -> None:
    """Wait inside a workflow; after a restart only the rest is waited. Cancel and shutdown cut it short."""
    engine = _running
    if engine is None:
        time.sleep(seconds)
        return
    # The end of the wait is a step of its own, so that a restart doesn't begin it anew.
    until = engine._step(f"sleep {seconds:g} s", lambda: time.time() + seconds, cleanup=True)
    engine._step("slept", functools.partial(engine._doze, until), cleanup=False)


class Engine:
    """The workflow engine of one data folder. One process owns it, and one process has at most one.

    Args:
        data_dir: where `engine.sqlite`, `engine.lock` and `engine.id` live; made when missing.
        worker_concurrency: how many hosts are worked on at the same time.
    """

    def __init__(self, data_dir: Path, *, worker_concurrency: int = 8) -> None:
        self.data_dir = Path(data_dir)
        self._worker_concurrency = worker_concurrency
        self._lock = ProcessLock(self.data_dir / "engine.lock")
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._cancel_requested: set[str] = set()
        self._active: set[str] = set()
        self._idle = threading.Condition()
        self._dropped: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.launch()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()

    @property
    def is_running(self) -> bool:
        """Whether it was launched and isn't shutting down."""
        return _running is self and not self._stopping.is_set()

    # -- life ---------------------------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Take the lock and go on with whatever an earlier process left unfinished.

        Every workflow must have been declared (imported) before. Raises `EngineBusy` when the folder is in use.
        """
        global _running  # noqa: PLW0603 - DBOS is one per process, and so is this
        with _singleton:
            if _running is not None:
                raise EngineError("this process already runs an engine")
            if not self._lock.acquire():
                raise EngineBusy(self._lock.holder())
            try:
                _running = self  # before the launch: it begins with resumed workflows, whose steps look for us
                self._launch()
                self._cancel_requested = {s.id for s in self.pending() if s.cancel_requested}
                self._ready.set()
            except BaseException:
                _running = None
                self._destroy()
                self._lock.release()
                raise

    def shutdown(self, timeout: float = 20.0) -> bool:
        """Drain and let go of the folder; what is unfinished goes on at the next launch.

        Workflows stop at their next step, long steps at their next `cancelled()`. Returns False when one was still
        inside a step after `timeout` seconds: its thread lives on, so end the process.
        """
        global _running  # noqa: PLW0603
        if _running is not self:
            return True
        self._stopping.set()
        self._ready.set()
        with self._idle:
            drained = self._idle.wait_for(lambda: not self._active, timeout)
        _running = None
        self._destroy()
        self._lock.release()
        return drained

    def _launch(self) -> None:
        from dbos import DBOS  # noqa: PLC0415

        self._stopping.clear()
        self._ready.clear()
        path = self.data_dir / "engine.sqlite"
        connection = sqlite3.connect(path)
        try:
            # DBOS leaves SQLite's rollback journal on, where every reader blocks every writer.
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        path.chmod(0o600)
        for declared in _workflows.values():
            if declared.durable is None:
                # No limit on restarts: a daemon that can't stay up (its port is taken, say) would use a limit up within
                # minutes, and the work would be given up without a word to anybody.
                durable = DBOS.workflow(name=declared.name, max_recovery_attempts=None)
                declared.durable = durable(_guarded(declared.function))
        DBOS(
            config={
                "name": "zentao-deploy",
                "system_database_url": f"sqlite:///{path}",
                "application_version": APPLICATION_VERSION,
                "executor_id": self._executor_id(),
                "enable_otlp": False,
                "log_level": "WARNING",
            }
        )
        logger = logging.getLogger("dbos")
        for handler in [h for h in logger.handlers if h.name == "__dbos_console_log_handler__"]:
            logger.removeHandler(handler)
        logger.propagate = True  # its words belong into our log, in our form
        DBOS.launch()
        DBOS.register_queue(
            HOSTS,
            partition_concurrency=1,
            worker_concurrency=self._worker_concurrency,
            polling_interval_sec=_QUEUE_POLL,
        )

    @staticmethod
    def _destroy() -> None:
        from dbos import DBOS  # noqa: PLC0415

        DBOS.destroy()

    def _executor_id(self) -> str:
        """Fixed for the folder: work is resumed by the executor that began it, also after the folder was moved."""
        path = self.data_dir / "engine.id"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(f"engine-{uuid.uuid4().hex[:12]}\n")
            part.replace(path)
        return path.read_text().strip()

    # -- work ---------------------------------------------------------------------------------------------------------

    def start(self, workflow: Workflow[..., Any], workflow_id: str, *args: Any) -> None:
        """Begin at once, in a thread of its own; nothing happens when the id is known already.

        `args` are stored: plain str, int, float, bool, None, lists and dicts of them. From inside a workflow it
        begins a child, or raises `Cancelled` when the workflow was asked to stop.
        """
        from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

        self._step(f"may begin {workflow_id}", lambda: None)
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(self._durable(workflow), *_plain(args))

    def enqueue(self, queue: str, workflow: Workflow[..., Any], workflow_id: str, *args: Any, partition: str) -> None:
        """Begin when the partition (a host's name) is free; otherwise as `start`."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID  # noqa: PLC0415

        self._step(f"may begin {workflow_id}", lambda: None)
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(queue, self._durable(workflow), *_plain(args))

    def status(self, workflow_id: str) -> WorkflowState | None:
        """The workflow's state, or None when the id is unknown. Call it in a step, not in a workflow's own body."""
        found = self._find(workflow_id)
        return None if found is None else _state(found)

    def wait(self, workflow_id: str, timeout: float | None = None) -> Any:
        """Wait for a workflow's end and return its result; its error is raised as it was.

        From inside a workflow the wait is a step: after a restart the answer comes from the record.

        Raises:
            Cancelled: it was cancelled before it began. TimeoutError: not in time. UnknownWorkflow: no such id.
        """
        body = functools.partial(self._await, workflow_id, timeout)
        # A cancelled parent still waits: its child tidies up, and the end of that is what it has to know.
        return self._step(f"wait for {workflow_id}", body, cleanup=True)

    def cancel(self, workflow_id: str) -> bool:
        """Ask a workflow and its children to stop; False when it has ended already or is unknown.

        What hasn't begun is taken out of its queue. What runs gets `Cancelled` at its next step and True from
        `cancelled()`, and may run its clean-up steps. The request survives a restart.
        """
        from dbos import DBOS  # noqa: PLC0415

        found = self._find(workflow_id)
        if found is None or found.status not in _OPEN:
            return False
        # Marked before its children are looked for: one that begins meanwhile finds the mark itself.
        self._cancel_requested.add(workflow_id)
        family = [workflow_id]
        for member in family:
            family += [c.workflow_id for c in DBOS.list_workflows(parent_workflow_id=member, load_input=False)]
        for member in family:
            found = self._find(member)
            if found is None or found.status not in _OPEN:
                continue
            self._cancel_requested.add(member)
            DBOS.update_workflow_attributes(member, {_CANCEL: True}, merge=True)
            if found.status != "PENDING" and not DBOS.list_workflow_steps(member, load_output=False, limit=1):
                DBOS.cancel_workflow(member)
        return True

    def pending(self) -> tuple[WorkflowState, ...]:
        """Every workflow that has not ended, oldest first."""
        from dbos import DBOS  # noqa: PLC0415

        return tuple(_state(found) for found in DBOS.list_workflows(status=list(_OPEN), load_input=False))

    def revive(self, *, after: float = 60.0) -> int:
        """Go on with work that stands as running while nobody here has carried it out for `after` seconds.

        That happens when not even a failure could be written down (the disk was full). Returns how many were taken up
        again; to be called from time to time.
        """
        from dbos import DBOS  # noqa: PLC0415

        now = time.monotonic()
        found = DBOS.list_workflows(status="PENDING", app_version=APPLICATION_VERSION, load_input=False)
        with self._idle:
            dropped = {each.workflow_id for each in found} - self._active
        self._dropped = {each: self._dropped.get(each, now) for each in dropped}
        due = [each for each, since in self._dropped.items() if now - since >= after]
        for workflow_id in due:
            del self._dropped[workflow_id]
            logging.getLogger(__name__).warning("going on with %s, which nobody carried out any more", workflow_id)
            DBOS.resume_workflow(workflow_id)
        return len(due)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _durable(self, workflow: Workflow[..., Any]) -> Callable[..., Any]:
        if _running is not self:
            raise EngineError("the engine isn't running")
        if workflow.durable is None:
            raise EngineError(f"workflow {workflow.name!r} was declared after the engine was launched")
        return workflow.durable

    def _step(
        self,
        name: str,
        body: Callable[[], R],
        *,
        attempts: int = 1,
        interval: float = 1.0,
        backoff: float = 2.0,
        retry_on: tuple[type[Exception], ...] = (Exception,),
        cleanup: bool = False,
    ) -> R:
        from dbos import DBOS, error  # noqa: PLC0415

        if DBOS.workflow_id is None:
            return body()

        def guarded() -> R:
            if self._cancelled_here() and not cleanup:
                raise Cancelled
            with _storable_errors():
                return body()

        def again(failure: BaseException) -> bool:
            origin = failure.__cause__ if isinstance(failure, StepFailed) and failure.__cause__ else failure
            return isinstance(origin, retry_on) and not isinstance(origin, Cancelled)

        try:
            return DBOS.run_step(
                {
                    "name": name,
                    "retries_allowed": attempts > 1,
                    "max_attempts": attempts,
                    "interval_seconds": interval,
                    "backoff_rate": backoff,
                    "should_retry": again,
                },
                guarded,
            )
        except error.DBOSMaxStepRetriesExceeded as exceeded:
            raise exceeded.errors[-1] from None
        except error.DBOSWorkflowCancelledError:
            raise Stopping from None

    def _cancelled_here(self) -> bool:
        from dbos import DBOS  # noqa: PLC0415

        if self._stopping.is_set():
            raise Stopping
        return DBOS.workflow_id in self._cancel_requested

    def _doze(self, until: float) -> None:
        while (rest := until - time.time()) > 0:
            if self._cancelled_here():
                raise Cancelled
            self._stopping.wait(min(rest, 0.5))

    def _await(self, workflow_id: str, timeout: float | None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            found = self._find(workflow_id)
            if found is None:
                raise UnknownWorkflow(workflow_id)
            phase = _PHASES[found.status]
            if phase == "succeeded":
                return found.output
            if phase == "cancelled":
                raise Cancelled(workflow_id)
            if phase == "failed":
                raise found.error or EngineError(f"workflow {workflow_id} was given up after too many restarts")
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"workflow {workflow_id} had not ended after {timeout:g} s")
            if self._stopping.wait(_RESULT_POLL):
                raise Stopping

    @staticmethod
    def _find(workflow_id: str) -> WorkflowStatus | None:
        from dbos import DBOS  # noqa: PLC0415

        return DBOS.get_workflow_status(workflow_id)

    def _inherit_cancel(self, workflow_id: str) -> None:
        """A child of a workflow that was asked to stop is asked to stop."""
        from dbos import DBOS  # noqa: PLC0415

        found = self._find(workflow_id)
        if found is not None and found.parent_workflow_id in self._cancel_requested:
            self._cancel_requested.add(workflow_id)
            DBOS.update_workflow_attributes(workflow_id, {_CANCEL: True}, merge=True)

    def _enter(self, workflow_id: str) -> None:
        self._ready.wait()
        with self._idle:
            self._active.add(workflow_id)

    def _leave(self, workflow_id: str) -> None:
        with self._idle:
            self._active.discard(workflow_id)
            self._idle.notify_all()


def _guarded(function: Callable[P, R]) -> Callable[P, R]:
    """The workflow's body as DBOS runs it: counted for the drain, its error in a form that can be stored."""

    @functools.wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> R:
        engine, workflow_id = _running, current_workflow_id()
        if engine is None or workflow_id is None:
            raise Stopping
        engine._enter(workflow_id)
        try:
            # The first record tells `cancel` that this one has begun and may have something to tidy up.
            engine._step("begin", functools.partial(engine._inherit_cancel, workflow_id), cleanup=True)
            with _storable_errors():
                return function(*args, **kwargs)
        finally:
            engine._leave(workflow_id)

    return body


@contextmanager
def _storable_errors() -> Iterator[None]:
    """Let errors through that can be stored and read again; turn the others into `StepFailed` with their words."""
    try:
        yield
    except Exception as error:
        try:
            copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, never left this function
            survives = type(copy) is type(error) and str(copy) == str(error)
        except Exception:
            survives = False
        if survives:
            raise
        raise StepFailed(f"{type(error).__name__}: {error}") from error


def _plain(args: Iterable[Any]) -> tuple[Any, ...]:
    """The arguments, once they are known to be plain data that any later version of the code can read."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise TypeError("a workflow's argument has a key that isn't a string")
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        elif type(value) not in (str, int, float, bool, type(None)):
            raise TypeError(f"a workflow's argument must be plain data, not {type(value).__name__}")

    checked = tuple(args)
    for value in checked:
        check(value)
    return checked


def _state(found: WorkflowStatus) -> WorkflowState:
    error = found.error
    return WorkflowState(
        id=found.workflow_id,
        name=found.name,
        phase=_PHASES[found.status],
        cancel_requested=bool((found.attributes or {}).get(_CANCEL)),
        parent=found.parent_workflow_id,
        created_at=(found.created_at or 0) / 1000,
        ended_at=None if found.completed_at is None else found.completed_at / 1000,
        error=None if error is None else f"{type(error).__name__}: {error}",
    )
