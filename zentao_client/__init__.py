"""A ZenTao (禅道) client: one interface for 18.8 and 22.4, strict about what the server really did.

from zentao_client import Zentao
zentao = Zentao("http://zentao.example", account="deploybot", password="…")
task = zentao.tasks.get(42)
"""

from zentao_client.client import Zentao
from zentao_client.errors import (
    BadReply,
    Forbidden,
    LoginPaused,
    LoginRefused,
    NotFound,
    Rejected,
    Unavailable,
    Unsupported,
    WriteUnknown,
    ZentaoError,
)
from zentao_client.models import (
    Action,
    Attachment,
    Bug,
    Comment,
    Entry,
    ImageRef,
    Page,
    ServerInfo,
    StatusChange,
    Task,
    Upload,
    User,
)

__all__ = [
    "Action",
    "Attachment",
    "BadReply",
    "Bug",
    "Comment",
    "Entry",
    "Forbidden",
    "ImageRef",
    "LoginPaused",
    "LoginRefused",
    "NotFound",
    "Page",
    "Rejected",
    "ServerInfo",
    "StatusChange",
    "Task",
    "Unavailable",
    "Unsupported",
    "Upload",
    "User",
    "WriteUnknown",
    "Zentao",
    "ZentaoError",
]
