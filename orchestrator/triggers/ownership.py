"""Which tasks we may look into and write to."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.settings import Settings
from orchestrator.tickets.rule import TitleRule, is_ours
from zentao_client.models import Task


@dataclass(frozen=True, slots=True)
class Ownership:
    """The settings' answer to "is this task ours?", for tasks as a search gives them."""

    title: TitleRule
    executions: frozenset[int]
    bot: str
    """The bot's account, or "" where being assigned to it doesn't make a task ours."""

    @classmethod
    def of(cls, settings: Settings) -> Ownership:
        """As configured under `rule` and `zentao`."""
        return cls(
            title=TitleRule(settings.rule.title),
            executions=frozenset(settings.zentao.executions),
            bot=settings.zentao.account if settings.rule.own_if_assigned else "",
        )

    def __call__(self, task: Task) -> bool:
        return is_ours(task, self.title, self.executions, self.bot)

    def why_not(self, task: Task) -> str:
        """For people: what keeps this task from being ours, and what would make it so."""
        if task.deleted:
            return "the task is deleted"
        if not self.title.matches(task.name):
            return f"its title doesn't match the rule {self.title.pattern!r} (rule.title in the settings)"
        places = ", ".join(str(number) for number in sorted(self.executions)) or "none"
        return f"it lies in execution {task.execution}, but ours are: {places}" + (
            f" (or assign the task to {self.bot})" if self.bot else ""
        )
