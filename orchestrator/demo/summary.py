"""What a demo run says at its end, for programs: `summary.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from orchestrator.store import Run, RunState, StepRecord
from zentao_client import Task


@dataclass(frozen=True, slots=True)
class Summary:
    """One demo. Statuses are ZenTao's codes, times ISO 8601 with offset, rms between 0 and 1.

    `comments` counts the bot's entries with a text, `attachments` are the names of the ticket's (and its bug's) files.
    `speech` and `service_url` are None when nothing serves; `bug` is None when nothing went wrong.
    """

    ticket: int
    final_status: str
    comments: int
    attachments: tuple[str, ...]
    commit: str | None
    service_url: str | None
    speech: Mapping[str, Any] | None
    steps: tuple[Mapping[str, Any], ...]
    events: Mapping[str, str | None]
    bug: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `bug` stands only where there is one."""
        values = asdict(self)
        if self.bug is None:
            del values["bug"]
        return values


def summarise(
    task: Task,
    run: Run,
    steps: tuple[StepRecord, ...],
    *,
    bot: str,
    attachments: tuple[str, ...],
    bug: Mapping[str, Any] | None,
) -> Summary:
    """Put together what the ticket and our own records say."""
    said = [action for action in task.actions if action.actor == bot and action.comment.strip()]
    changed = [action.date for action in task.actions if action.status_change and action.actor != bot]
    # What a failed check measured is no speech of a service that serves.
    speech = run.detail.get("speech") if run.state is RunState.SUCCEEDED else None
    return Summary(
        ticket=task.id,
        final_status=task.status,
        comments=len(said),
        attachments=attachments,
        commit=run.commit,
        service_url=run.service_url,
        speech={key: speech[key] for key in ("text", "seconds", "rms", "rtf")} if speech else None,
        steps=tuple({"name": step.name, "seconds": round(step.seconds, 3), "outcome": step.outcome} for step in steps),
        events={
            "status_changed_at": _iso(changed[-1] if changed else None),
            "first_comment_at": _iso(said[0].date if said else None),
            "finished_at": _iso(run.finished_at),
        },
        bug=bug,
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone().isoformat() if moment else None
