"""Exit statuses (as GitHub's `gh` has them; they never change) and errors in people's words."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
CANCELLED: Final = 2
AUTH: Final = 4


class Failure(Exception):
    """A command ends here. The text says what, why and what to do."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def explained(error: Exception) -> Failure | None:
    """An expected error as a `Failure`; None for one that is a mistake of ours."""
    if isinstance(error, Failure):
        return error
    # By name of module and class first: a command that didn't import a room can't have raised its errors.
    from orchestrator.lined_yaml import ConfigError  # noqa: PLC0415

    if isinstance(error, ConfigError):
        return Failure(f"the configuration can't be used:\n{error}")
    return _of_zentao(error) or _of_rooms(error)


def _of_zentao(error: Exception) -> Failure | None:
    from zentao_client import errors  # noqa: PLC0415

    if isinstance(error, errors.LoginRefused):
        return Failure(
            f"ZenTao refused the login: {error}\n"
            "Check zentao.account and its password. No further login is tried for a while, so that ZenTao does not lock"
            " the account; corrected credentials are tried at once, up to the fourth refusal.",
            AUTH,
        )
    if isinstance(error, errors.LoginPaused):
        return Failure(
            f"logins are paused after a refused one: {error}\n"
            "Corrected credentials are tried at once, until four logins in all were refused.",
            AUTH,
        )
    if isinstance(error, errors.Forbidden):
        return Failure(f"ZenTao does not allow this to the bot's account: {error}\nGive its group the privilege.", AUTH)
    if isinstance(error, errors.NotFound):
        return Failure(f"ZenTao has no such thing: {error}\nCheck the number, and whether the bot may see it.")
    if isinstance(error, errors.Unavailable):
        return Failure(f"ZenTao does not answer: {error}\nCheck zentao.url and the network, then try again.")
    if isinstance(error, errors.ZentaoError):
        return Failure(f"ZenTao: {error}")
    return None


def _of_rooms(error: Exception) -> Failure | None:
    from orchestrator.engine import EngineBusy  # noqa: PLC0415

    if isinstance(error, EngineBusy):
        return Failure(
            f"{error}: one process at a time works on a data folder.\n"
            "Stop the other one, or give this one a data_dir of its own."
        )
    if isinstance(error, OSError):
        return Failure(f"{error}")
    return _of_databases(error)


def _of_databases(error: Exception) -> Failure | None:
    import sqlite3  # noqa: PLC0415

    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from orchestrator.store.database import NewerDatabase  # noqa: PLC0415

    if isinstance(error, NewerDatabase):
        return Failure(f"{error}")
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return Failure(
            f"a database in data_dir can't be used: {origin}.\n"
            "Check the disk and whose files these are. A broken one is restored from a copy, or moved away: it is made"
            " anew then, and earlier deployments are forgotten."
        )
    return None
