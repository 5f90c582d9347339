"""What can go wrong with a ZenTao server.

    ZentaoError                 anything below
    ├── Unavailable             network, time-out, 5xx, an HTML page, an empty answer: try later
    │   └── BadReply            an answer that breaks the protocol; `.excerpt` holds its first 200 bytes
    ├── LoginRefused            ZenTao refused account and password; the breaker opens
    ├── LoginPaused             the breaker is open: none was tried; `.until` says when one will be
    ├── Forbidden               the account lacks a privilege, or may not see the object
    ├── NotFound                the object does not exist or is deleted
    ├── Rejected                ZenTao refuses the values; `.messages` holds its own words
    ├── WriteUnknown            a write was sent and could not be confirmed: it may or may not have happened
    └── Unsupported             this server offers no (safe) way to do it; nothing was sent

A caller that only waits and tries again catches `Unavailable`, `LoginRefused` and `LoginPaused`. A write that
may have reached the server never ends in `Unavailable`: it ends in `WriteUnknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

EXCERPT_BYTES = 200


class ZentaoError(Exception):
    """Root of everything this package raises on purpose."""


class Unavailable(ZentaoError):
    """The server can't answer now. Nothing was changed; the same call may succeed later."""


class BadReply(Unavailable):
    """The server answered with something that is not its protocol: an empty 2xx, HTML, several JSON
    documents.

    `excerpt` is the beginning of the body, at most 200 bytes.
    """

    def __init__(self, reason: str, body: bytes = b"") -> None:
        self.reason = reason
        self.excerpt = body[:EXCERPT_BYTES].decode("utf-8", "replace")
        super().__init__(f"{reason}: {self.excerpt!r}" if body else reason)


class LoginRefused(ZentaoError):
    """Account and password were refused. The next logins wait (`LoginPaused`), so that ZenTao never locks the
    account.
    """


class LoginPaused(ZentaoError):
    """An earlier login was refused, so none was tried.

    New credentials or the time `until` end the pause; after the fourth refusal, only removing the file that
    the message names.
    """

    def __init__(self, message: str, *, until: datetime) -> None:
        self.until = until
        super().__init__(message)


class Forbidden(ZentaoError):
    """The account may not do this, or may not see the object."""


class NotFound(ZentaoError):
    """No such object, or it was deleted."""


class Rejected(ZentaoError):
    """ZenTao understood and refused. `messages` are its own sentences, in the server's language."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("; ".join(self.messages) or "refused without a reason")


class WriteUnknown(ZentaoError):
    """A write was sent, and reading back did not show it. Look again later; never repeat it blindly."""


class Unsupported(ZentaoError):
    """This server has no way to do it that is safe for other people's changes. Nothing was sent."""
