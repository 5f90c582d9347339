"""A small company to work with: people, product, project, execution, privileges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .site import ADMIN_PASSWORD, Site

PASSWORD = "Sandbox@2026!"  # noqa: S105 - the sandbox's accounts are no secret

BOT_PRIVILEGES = [
    *(
        f"task-{one}"
        for one in [
            "view",
            "create",
            "edit",
            "start",
            "finish",
            "pause",
            "restart",
            "close",
            "activate",
            "assignTo",
            "cancel",
        ]
    ),
    *("task-recordEstimate", "task-recordWorkhour", "task-editEffort", "task-delete"),
    *("action-comment", "action-editComment"),
    *(f"execution-{one}" for one in ["view", "task", "browse", "all", "bug", "build", "dynamic"]),
    *(f"project-{one}" for one in ["browse", "index", "view", "execution", "build", "bug"]),
    *("product-all", "product-browse", "product-view"),
    *(
        f"bug-{one}"
        for one in ["create", "view", "browse", "edit", "resolve", "activate", "close", "confirm", "assignTo"]
    ),
    *("file-download", "file-edit", "file-delete"),
    *(f"doc-{one}" for one in ["create", "edit", "view", "delete", "teamSpace", "createLib"]),
    *("my-task", "my-index", "my-work", "search-buildQuery", "search-buildForm"),
    *("company-dynamic", "company-browse", "user-view", "user-profile"),
]
_HUMANS = (
    ("wangchanpin", "王产品", "po"),
    ("linyanfa", "林研发", "dev"),
    ("zhaoceshi", "赵测试", "qa"),
)


@dataclass(frozen=True)
class Seed:
    """Ids and accounts of what was planted. All passwords are ``password`` but the admin's."""

    admin: str
    admin_password: str
    bot: str
    password: str
    humans: tuple[str, ...]
    outsider: str
    program: int
    product: int
    project: int
    execution: int
    private_execution: int
    group: int

    def as_mapping(self) -> Mapping[str, object]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def plant(site: Site) -> Seed:
    """Plant the company, or find it again in a database that has it already."""
    accounts = site.accounts
    if accounts.find("deploybot") is None:
        group = accounts.create_group("部署机器人与研发", BOT_PRIVILEGES)
        accounts.create("deploybot", PASSWORD, "部署机器人", role="others", groups=[group])
        for account, name, role in _HUMANS:
            accounts.create(account, PASSWORD, name, role=role, groups=[group])
        accounts.create("fangke", PASSWORD, "访客", role="others")
        places = site.places
        begin, end = "2026-01-01", "2027-12-31"
        program = places.create_program("智能语音", by="admin", begin=begin, end=end)
        product = places.create_product("语音合成服务", by="admin", program=program, PO="wangchanpin", RD="linyanfa")
        project = places.create_project(
            "语音合成平台", by="admin", parent=program, begin=begin, end=end, products=[product], pm="wangchanpin"
        )
        common = {"by": "admin", "project": project, "begin": begin, "end": end}
        team = ["deploybot", *(account for account, _, _ in _HUMANS)]
        places.create_execution("语音合成上线", **common, products=[product], team=team)  # type: ignore[arg-type]
        places.create_execution(
            "内部预研",
            **common,  # type: ignore[arg-type]
            products=[product],
            acl="private",
            team=["linyanfa"],
        )
    return _found(site)


def _found(site: Site) -> Seed:
    sprints = {str(row["name"]): int(row["id"]) for row in site.places.listed("sprint")}
    group = site.db.value("SELECT id FROM privgroup ORDER BY id LIMIT 1")
    return Seed(
        admin="admin",
        admin_password=ADMIN_PASSWORD,
        bot="deploybot",
        password=PASSWORD,
        humans=tuple(account for account, _, _ in _HUMANS),
        outsider="fangke",
        program=int(site.places.listed("program")[-1]["id"]),
        product=int(site.places.products()[0]["id"]),
        project=int(site.places.listed("project")[-1]["id"]),
        execution=sprints["语音合成上线"],
        private_execution=sprints["内部预研"],
        group=int(group),
    )
