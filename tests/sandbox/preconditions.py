"""What each recording presupposes, and which recordings the sandbox does not try to honour, with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .contract import Given

# Families outside of what the client needs, and conditions that can't be had here.
_LEFT_OUT: tuple[tuple[str, str], ...] = (
    (r"^emul_php80_", "emulation of PHP 8.0 and older, not an observed server"),
    (r"^v1810_", "a customised 18.10, not one of the two versions taken on"),
    (r"(^|_)doc(lib|libs|s)?_|^nopriv_docs|doclibs$|docs$|_doc_", "docs are not part of the main job"),
    (r"build_(create|get|list|put)|^build_", "builds are not part of the main job"),
    (r"release_", "releases are not part of the main job"),
    (r"^(departments|groups_list|nopriv_groups|todos_|story_|user_modules_options)", "not used by the client"),
    (r"group_(create|manage)|system_create", "privilege groups and systems are planted, not administered"),
    (r"message_|search_index", "pop-ups and full text search are not used by the client"),
    (r"^hook_", "outbound request, compared in the webhook tests"),
    (r"^v224_hook_(task|async|types)", "outbound request, compared in the webhook tests"),
    (r"^webhook_create_(bearychat|dinggroup|feishugroup|wechatgroup)", "chat webhooks are not part of the main job"),
    (r"^head_task$", "HEAD has no body to compare and no use"),
    (r"^v224_legacy_session_on_legacy_query$", "the page gives the password's hash, which the sandbox does not"),
    (r"^v224_webhook_create_web$", "the recorded form was cut"),
    (r"^file_raw_url", "stored names are random; a test of our own reads a file by its webPath"),
    (r"^perf_list", "a measurement of time with a thousand tasks"),
    (r"^bot_user_view$", "a page that the client does not use"),
)

State = Mapping[str, Any]

_DOING: State = {
    "status": "doing",
    "realStarted": "2026-11-22 13:37:03",
    "lastEditedBy": "deploybot",
    "lastEditedDate": "2026-11-22 13:37:03",
}
_PAUSED: State = {**_DOING, "status": "pause"}
_DONE: State = {
    **_DOING,
    "status": "done",
    "consumed": 2,
    "left": 0,
    "finishedBy": "deploybot",
    "finishedDate": "2026-11-22 14:00:00",
    "assignedTo": "dev1",
}
_CLOSED: State = {
    **_DONE,
    "status": "closed",
    "closedBy": "deploybot",
    "closedDate": "2026-11-22 14:10:00",
    "closedReason": "done",
    "assignedTo": "closed",
}
_WAIT_CLOSED: State = {
    "status": "closed",
    "closedBy": "deploybot",
    "closedDate": "2026-11-22 14:10:00",
    "assignedTo": "closed",
    "lastEditedBy": "deploybot",
    "lastEditedDate": "2026-11-22 14:10:00",
}
_EDITED: State = {"lastEditedBy": "deploybot", "lastEditedDate": "2026-11-22 13:40:44"}
_RESOLVED: State = {
    "status": "resolved",
    "resolution": "fixed",
    "resolvedBy": "deploybot",
    "resolvedBuild": "1",
    "resolvedDate": "2026-11-22 13:50:00",
    "confirmed": 1,
    "assignedTo": "qa1",
}

# The state of the one task or bug of a recording, where it is not simply waiting (or active).
_STATE: Mapping[str, State] = {
    "task_start_again": _DOING,
    "task_pause": _DOING,
    "task_pause_again": _PAUSED,
    "task_pause_comment_empty_string": _DOING,
    "task_pause_empty_body": _DOING,
    "task_restart": _PAUSED,
    "task_restart_missing": _PAUSED,
    "task_finish": {**_DONE, "consumed": 2},
    "task_finish_again": _DONE,
    "task_finish_missing": _DOING,
    "task_finish_missing_consumed_zero": _DONE,
    "task_finish_date_before_start": {},
    "task_close": _DONE,
    "task_close_again": _CLOSED,
    "task_close_from_doing": {**_DOING, "consumed": 4, "left": 2},
    "task_close_comment_empty_string": _PAUSED,
    "task_close_empty_body": _PAUSED,
    "task_active": _CLOSED,
    "task_active_ok": _CLOSED,
    "task_active_missing_left": _CLOSED,
    "task_active_without_left": _CLOSED,
    "task_active_empty_body": {**_PAUSED, **_WAIT_CLOSED},
    "task_assignto": _DONE,
    "task_assignto_same_user": _DONE,
    "task_estimate_future": {**_DOING, "assignedTo": ""},
    "task_estimate_ok": {**_DOING, "assignedTo": ""},
    "task_estimate_zero": {**_DOING, "assignedTo": ""},
    "task_estimate_post": _DOING,
    "task_estimate_post_missing_left": _DOING,
    "task_start_deleted": {**_DOING, "status": "cancel", "consumed": 2, "deleted": 1},
    "task_get_after_flow": {**_DOING, "activatedDate": "2026-11-22 13:37:04"},
    "task_get_timeFormat_local": {**_DOING, "assignedTo": "", "activatedDate": "2026-11-22 13:48:03"},
    "task_get_deleted": {"deleted": 1},
    "task_get_headers": _DOING,
    "task_get_with_files": _EDITED,
    "task_get_after_file_delete": _EDITED,
    "task_get_inline_img_comments": _EDITED,
    "task_get_images_files": _DONE,
    "task_put_name_only": {"mailto": "qa1"},
    "task_put_desc_html": {"mailto": "qa1"},
    "task_put_status_doing": {"mailto": "qa1"},
    "task_put_status_done": {**_DOING, "mailto": "qa1"},
    "task_put_status_closed": {**_DONE, "mailto": "qa1"},
    "task_put_consumed_smaller": {**_CLOSED, "mailto": "qa1"},
    "task_put_attach_image_uid_v1": _DOING,
    "entry_unversioned_api_task_view": _DOING,
    "entry_key_as_token_legacy_page_before": _DOING,
    "nopriv_task_get": {},
    "private_execution_task_get_new_token_after_join": _DOING,
    "private_execution_task_get_same_token_after_join": _DOING,
    "pathinfo_task_get_v1": {
        **_EDITED,
        "status": "cancel",
        "canceledBy": "deploybot",
        "canceledDate": "2026-11-22 13:53:48",
        "assignedTo": "admin",
    },
    "bug_active": _RESOLVED,
    "bug_close": _RESOLVED,
    "bug_close_again": {
        **_RESOLVED,
        "status": "closed",
        "closedBy": "deploybot",
        "closedDate": "2026-11-22 13:45:37",
        "assignedTo": "closed",
    },
    "bug_close_comment": _RESOLVED,
    "bug_close_empty_body": _RESOLVED,
    "v224_v2_task_activate": _CLOSED,
    "v224_v2_task_activate_empty": _CLOSED,
    "v224_v2_task_finish": _DOING,
    "v224_v2_task_finish_empty": _DOING,
    "v224_v2_task_close_empty_body": _DONE,
    "v224_v2_task_cancel": _DOING,
    "v224_v2_task_get_after_flow": {
        **_EDITED,
        "status": "cancel",
        "realStarted": "2026-11-22 13:00:00",
        "consumed": 2,
        "canceledBy": "deploybot",
        "canceledDate": "2026-11-22 14:43:44",
        "activatedDate": "2026-11-22 14:43:44",
    },
    "v224_v2_task_get_deleted": {"deleted": 1},
    "v224_v2_task_pause_empty_body": _DOING,
    "v224_v2_task_put_name": {**_DOING, "finishedBy": "deploybot", "finishedDate": "2026-11-22 14:00:00"},
    "v224_v2_task_restart_empty": _PAUSED,
    "v224_v2_task_start_again": _DOING,
    "v224_v2_task_start_on_done": {**_DONE, "consumed": 1},
    "v224_v2_task_recordWorkhour": _DOING,
    "v224_v2_priv_live_token_after_grant": _DOING,
    "v224_v1_task_active_missing_left": _CLOSED,
    "v224_v1_task_assignto": {**_DOING, "consumed": 1},
    "v224_v1_task_assignto_unknown_user": {**_DOING, "consumed": 1},
    "v224_v1_task_close_empty_body": _DONE,
    "v224_v1_task_pause_empty_body": _DOING,
    "v224_v1_task_estimate_new_array": _DOING,
    "v224_v1_task_estimate_missing_left": _DOING,
    "v224_v1_task_estimate_old_dates_array": _DOING,
    "v224_v1_task_get_after_flow": {
        **_EDITED,
        "status": "cancel",
        "canceledBy": "deploybot",
        "canceledDate": "2026-11-22 14:43:44",
        "activatedDate": "2026-11-22 14:43:44",
    },
    "v224_v1_task_put_status_cancel": {**_DOING, "activatedDate": "2026-11-22 14:43:44"},
    "v224_v1_task_put_status_bad": {"deadline": None, "estStarted": None},
    "v224_v2_expired_token": {**_EDITED, "status": "nosuch"},
    "v224_v2_task_put_pri_only_readback": {
        **_EDITED,
        "deadline": None,
        "estStarted": None,
        "assignedTo": "",
        "assignedDate": None,
    },
    "v224_v2_comment_then_file_readback": {**_EDITED, "status": "nosuch", "deadline": None, "estStarted": None},
    "v224_hook_moment_same_token": {"status": "doing", "deadline": None, "estStarted": None, **_EDITED},
    "v224_v2_bug_activate": _RESOLVED,
    "v224_v1_bug_resolve_missing": {
        "confirmed": 1,
        "lastEditedBy": "deploybot",
        "mailto": "",
        "deadline": None,
        "lastEditedDate": "2026-11-22 14:48:47",
        "assignedTo": "qa1",
    },
    "v224_v2_bug_get": {"mailto": "", "deadline": None},
    "v224_v2_bug_get_after": {
        "mailto": "",
        "deadline": None,
        "confirmed": 1,
        "activatedCount": 1,
        "activatedDate": "2026-11-22 14:48:46",
        "lastEditedBy": "deploybot",
        "lastEditedDate": "2026-11-22 14:48:47",
    },
    "bug_get_after_flow": {
        **_RESOLVED,
        "status": "closed",
        "activatedDate": "2026-11-22 13:45:34",
        "closedBy": "deploybot",
        "closedDate": "2026-11-22 13:45:37",
        "assignedTo": "closed",
        "openedBuild": "trunk",
        "lastEditedBy": "deploybot",
        "lastEditedDate": "2026-11-22 13:45:37",
    },
    "bug_get_with_files": {"mailto": "", "deadline": None, "openedBuild": "trunk"},
}

_ADMIN = re.compile(
    r"^(task_create|user_|users_|program|product|project|execution_(create|get|list)|webhook_|entry_(create|list)|"
    r"token_|tokens_|invalid|no_token|ping|v224_v2_(user|project|execution_create|programs)|v224_web|"
    r"v224_(webhook|entry_create|cross|legacy)|v224_v1_user|configurations|options|patch|unknown|"
    r"v224_v2_tasks_root|v224_v2_unknown|task_start_404)"
)


def given_for(name: str, recording: Mapping[str, Any]) -> Given | str:
    """The presupposed state, or the reason why this recording is left out."""
    for pattern, reason in _LEFT_OUT:
        if re.search(pattern, name) and "mingroup_task" not in name:
            return reason
    request = recording["request"]
    modern = name.startswith("v224_")
    given = Given(by=_actor(name))
    state = dict(_STATE.get(name, {}))
    tasks: dict[int, State] = {2: {}} if "task" not in name else {}
    bugs: dict[int, Mapping[str, Any]] = {}
    for kind, number in _named_objects(str(request["path"])):
        if number >= 9999 or (kind == "task" and name.endswith("_404")):
            continue
        if kind == "task":
            tasks[number] = state
        else:
            bugs[number] = state
            tasks.setdefault(6 if modern else 2, {})
    given = replace(given, tasks=tasks, bugs=bugs)
    return _special(name, given, modern)


def _actor(name: str) -> str:
    if "nopriv" in name or name == "webhook_create_as_bot_denied":
        return "nopriv" if "nopriv" in name else "deploybot"
    return "admin" if _ADMIN.search(name) else "deploybot"


def _named_objects(path: str) -> list[tuple[str, int]]:
    patterns = (
        ("task", r"/tasks/(\d+)"),
        ("task", r"taskID=(\d+)"),
        ("task", r"objectType=task&objectID=(\d+)"),
        ("task", r"/(?:task-\w+|action-comment-task)-(\d+)\."),
        ("bug", r"/bugs/(\d+)"),
        ("bug", r"bugID=(\d+)"),
        ("bug", r"objectType=bug&objectID=(\d+)"),
    )
    return [(kind, int(found)) for kind, pattern in patterns for found in re.findall(pattern, path)]


_LIST: Mapping[int, State] = {
    1: {"type": "devel", "deadline": None, "pri": 3, "assignedTo": ""},
    6: {**_DONE, "assignedTo": "deploybot"},
    7: {**_DOING, "activatedDate": "2026-11-22 13:37:04"},
    9: {**_DOING, "deadline": None, "estStarted": "0000-00-00", "pri": 3},
}


def _special(name: str, given: Given, modern: bool) -> Given | str:
    """Recordings that need more than the state of one object."""
    if name in _MORE:
        return replace(given, **_MORE[name])
    if re.match(r"^(task_list|tasks_my|nopriv_tasks|perf_list|private_execution_search)", name):
        return replace(given, tasks=_list_for(name), private="private" in name, ignore=_COUNTS)
    if re.match(r"^v224_(v1_tasks|v1_exec_tasks|v2_exec_tasks|nopriv_v1_search)", name):
        blank: State = {"deadline": None, "estStarted": None, "pri": 3}
        dated: State = {"deadline": "2026-11-30", "estStarted": "2026-11-22", "pri": 3}
        first: Mapping[int, State] = (
            {2: blank} if re.search(r"search|exec_tasks$|status_wait|page99", name) else {2: dated}
        )
        if name == "v224_v2_exec_tasks_page99":
            first = {2: {**blank, "assignedTo": "", "assignedDate": None}}
        return replace(given, tasks=first, ignore=_COUNTS | {"recTotal"})
    if re.match(r"^bug_list", name):
        return replace(given, bugs={1: {}}, tasks={2: {}}, ignore=_COUNTS)
    if name.startswith(("private_execution", "v224_private")):
        return replace(given, private=True)
    return given


_COUNTS = frozenset({"total"})


def _list_for(name: str) -> Mapping[int, Mapping[str, Any]]:
    """One task that is like the first one of the recorded list."""
    if "total" in name or re.search(
        r"_(cancel|closed|delayed|needconfirm|nosuch|pause|closedBy|openedBy)(_limit|$)", name
    ):
        return {}
    if re.search(r"done|finishedby|finishedBy", name):
        return {6: _LIST[6]}
    if re.search(r"status_wait_limit|name_E4|my_default|type_assignedTo|page_2$", name) and "bysearch" not in name:
        return {2: {}}
    if re.search(r"id_2_7", name):
        return {2: {}, 7: _LIST[7]}
    if "id_asc_limit_3" in name:
        return {1: _LIST[1]}
    if name.startswith("private_execution"):
        return {22: _DOING} if "join" in name or "new_token" in name else {22: {}}
    return {9: _LIST[9]}


_BUG_BLANK: State = {
    "mailto": "",
    "deadline": None,
    "project": 0,
    "task": 0,
    "execution": 0,
    "assignedTo": "",
    "assignedDate": None,
}
_BUG_CLOSED: State = {
    **_RESOLVED,
    "status": "closed",
    "closedBy": "deploybot",
    "closedDate": "2026-11-22 13:45:37",
    "assignedTo": "closed",
    "activatedDate": "2026-11-22 13:45:34",
    "deadline": None,
    "openedBuild": "trunk",
    "lastEditedBy": "deploybot",
    "lastEditedDate": "2026-11-22 13:45:37",
}
_BUG_13: State = {**_BUG_BLANK, "lastEditedBy": "deploybot", "lastEditedDate": "2026-11-22 14:01:21"}
_TASK_FILE = ((4, "out.wav", "task", 2),)
_NEIGHBOURS = frozenset({"pre", "next"})
_FORM = {"query": ("bug", "keywords", "auto-abc123"), "bugs": {1: _BUG_CLOSED}, "tasks": {2: {}}}

# Recordings that need more than one object's state, or another token.
_MORE: Mapping[str, dict[str, Any]] = {
    "bug_get": {"ignore": _NEIGHBOURS},
    "bug_get_after_flow": {"ignore": _NEIGHBOURS},
    "task_get_after_flow": {"ignore": _NEIGHBOURS},
    "bug_close_comment": {"bugs": {13: {**_BUG_13, **_RESOLVED}}},
    "bug_close_empty_body": {"bugs": {13: {**_BUG_13, **_RESOLVED, "assignedDate": "2026-11-22 14:01:21"}}},
    "bug_resolve_empty_body": {"bugs": {13: {**_BUG_13, "lastEditedBy": "", "lastEditedDate": None}}},
    "bug_resolve_fixed_no_build": {"bugs": {13: _BUG_13}},
    "bug_resolve_trunk": {"bugs": {13: _BUG_13}},
    "bug_resolve_missing": {"bugs": {1: {"lastEditedBy": "deploybot", "lastEditedDate": "2026-11-22 13:45:33"}}},
    "bug_put": {"bugs": {1: _BUG_CLOSED}},
    "bug_create_inline_image_uid": {"files": ((14, "shot.png", "", 0),), "uid": "bugshot0001"},
    "bug_create_duplicate_title_30s": {"sent_before": True},
    "bug_get_with_files": {
        "files": ((15, "ci.log", "bug", 9),),
        "bugs": {9: {"mailto": "", "deadline": None, "openedBuild": "trunk"}},
        "ignore": _NEIGHBOURS,
    },
    "bug_list_bysearch_after_browse": _FORM,
    "bug_list_bysearch_after_buildquery": _FORM,
    "bug_list_bysearch_fresh_session": _FORM,
    "bug_list_execution": {"bugs": {2: {**_BUG_BLANK, "execution": 3}}, "ignore": _COUNTS},
    **{
        f"bug_list_{name}": {"bugs": {5: _BUG_BLANK}, "ignore": _COUNTS}
        for name in (
            "product",
            "status_all",
            "status_bysearch",
            "status_openedbyme",
            "status_unclosed",
            "status_unresolved",
        )
    },
    "entry_create_legacy": {"no_entry": True},
    "v224_entry_create_web": {"no_entry": True},
    "entry_key_as_token_v1": {"token": "entry"},
    "entry_key_as_token_v1_task": {"token": "entry", "tasks": {22: _DOING}, "ignore": _COUNTS},
    "v224_entry_key_as_token_v1": {"token": "entry"},
    "entry_unversioned_api_replay_same_time": {"sent_before": True},
    "entry_unversioned_api_task_view": {"tasks": {2: _DOING}, "files": _TASK_FILE},
    "expired_token_get": {"token": "expired"},
    "expired_token_post": {"token": "expired"},
    "expired_token_legacy": {"token": "expired"},
    "file_download_legacy": {"files": ((24, "shot.png", "", 0),)},
    "file_download_legacy_3": {"files": ((3, "a.log", "task", 2),)},
    "file_download_legacy_4": {"files": ((4, "a.wav", "task", 2),)},
    "file_download_legacy_9": {"files": ((9, "a.txt", "task", 2),)},
    "file_get_v1": {"files": ((24, "shot.png", "", 0),)},
    "file_read_legacy": {"files": ((24, "shot.png", "", 0),)},
    "file_legacy_delete": {"files": ((3, "a.log", "task", 2),)},
    "pathinfo_file_read": {"files": ((23, "shot.png", "", 0),)},
    "v224_file_v1_download": {"files": ((10, "shot.png", "task", 19),)},
    "v224_file_v2_download": {"files": ((10, "shot.png", "task", 19),)},
    "v224_file_v2_query": {"files": ((10, "shot.png", "task", 19),)},
    "v224_file_v2_task_view": {"files": ((10, "shot.png", "task", 19),)},
    "v224_comment_v2_img_readback": {"files": ((10, "shot.png", "task", 19),)},
    "v224_v2_comment_then_file_readback": {
        "tasks": {26: {**_EDITED, "status": "nosuch", "deadline": None, "estStarted": None}},
        "action": 306,
        "files": ((39, "deploy.log", "comment", 306),),
    },
    "v224_v2_bug_get_after": {
        "bugs": {4: _STATE["v224_v2_bug_get_after"]},
        "tasks": {6: {}},
        "files": ((33, "err.log", "bug", 4),),
    },
    "legacy_edit_comment": {"action": 233},
    "v224_comment_v2_editComment": {"action": 120},
    "legacy_my_work_task": {"tasks": {22: _DOING}},
    "task_get_with_files": {"tasks": {2: _EDITED}, "files": ((3, "a.log", "task", 2),)},
    "task_get_after_file_delete": {"tasks": {2: _EDITED}, "files": _TASK_FILE},
    "task_get_inline_img_comments": {"tasks": {2: _EDITED}, "files": _TASK_FILE},
    "task_get_headers": {"tasks": {2: _DOING}, "files": _TASK_FILE},
    "nopriv_task_get": {"tasks": {2: _EDITED}, "files": _TASK_FILE},
    "nopriv_task_start": {"tasks": {2: _EDITED}, "files": _TASK_FILE},
    "task_get_images_files": {"tasks": {1026: _DONE}, "files": ((27, "shot3.png", "task", 1026),)},
    "task_put_attach_image_uid_v1": {
        "tasks": {1026: _DOING},
        "files": ((27, "shot3.png", "", 0),),
        "uid": "taskuid01",
    },
    "legacy_task_view_inline_img": {"tasks": {2: _EDITED}, "files": _TASK_FILE},
    "private_execution_search_new_token": {"tasks": {22: _DOING}, "private": True, "joined": True},
    "private_execution_search_same_token_after_join": {"tasks": {22: _DOING}, "private": True, "joined": True},
    "private_execution_task_get_new_token_after_join": {"tasks": {22: _DOING}, "private": True, "joined": True},
    "private_execution_task_get_same_token_after_join": {"tasks": {22: _DOING}, "private": True, "joined": True},
    "execution_team_add_legacy": {"private": True},
    **{name: {"bare": True} for name in ("products_empty", "programs_empty", "projects_empty")},
    **{
        f"user_create_{name}": {"bare": True}
        for name in ("deploybot", "dev1", "nopriv", "ops1", "qa1", "weak_password")
    },
    "v224_v2_user_create_deploybot": {"bare": True},
    "v224_legacy_session_on_v2_query": {"bare": True},
    "product_create": {"bare": True, "ignore": frozenset({"QD", "RD"})},
    "v224_v2_lockout_correct_password": {"ignore": frozenset({"id"})},
    "bot_tasks_list": {"tasks": {5: {}}, "ignore": _COUNTS},
    "nopriv_projects": {"ignore": frozenset({"realBegan"})},
    "task_create_dup_second": {"sent_before": True},
    **{f"tokens_lockout_attempt_{number}": {"wrong_logins": number - 1} for number in range(2, 8)},
    "tokens_locked_correct_password": {"wrong_logins": 6},
    "v224_v1_lockout_correct_password_v2": {"wrong_logins": 6},
    "task_estimate_get": {"tasks": {7: _DONE}, "efforts": 3},
    "task_estimate_get_empty": {"tasks": {7: _DOING}, "efforts": 1},
    "task_estimate_get_html": {"tasks": {7: _DONE}, "efforts": 5},
    "task_list_limit_2_page_2": {"tasks": {6: _LIST[6], 7: _DOING, 9: _DOING}, "ignore": _COUNTS},
    "task_list_limit_2_page_99": {"tasks": dict.fromkeys(range(1, 9), _EDITED)},
    "tasks_my_search_1_order_id_asc_limit_2_page_2": {
        "tasks": {number: {} for number in range(1, 9)},
    },
    "task_list_order_id_asc_limit_3": {
        "tasks": {1: {**_LIST[1], "assignedDate": None}, 2: {}},
        "ignore": _COUNTS,
    },
    "task_list_bysearch": {"tasks": {9: _LIST[9]}, "ignore": _COUNTS, "query": ("task", "type", "ops")},
    "task_put_consumed_smaller": {
        "tasks": {10: {**_CLOSED, "mailto": "qa1", "assignedTo": "deploybot", "realStarted": None}},
    },
    "tasks_my_default": {"tasks": {2: _EDITED}, "ignore": _COUNTS},
    "tasks_my_type_assignedTo_limit_50": {"tasks": {2: _EDITED}, "ignore": _COUNTS},
    "tasks_my_search_1_name_E4_B8_8A_E7_BA_BF": {"tasks": {5: {"name": "上线 tts"}}, "ignore": _COUNTS},
    **{name: {"tasks": {19: {}}, "ignore": _COUNTS} for name in ("nopriv_tasks_list", "nopriv_tasks_search")},
    "v224_cross_v1token_on_legacy_zentaosid": {"session": "api"},
    "v224_v2_token_query": {"session": "api"},
    "v224_legacy_session_on_v1_token": {"token": "web"},
    "v224_v2_executions_dynamic": {"comments": (("task", 2),)},
    "v224_v2_bug_list_bysearch": {
        "bugs": {
            6: {
                "mailto": "",
                "deadline": None,
                "keywords": "auto-v1",
                "openedBuild": "trunk",
                "activatedDate": "2026-11-22 14:48:47",
                "lastEditedBy": "deploybot",
                "lastEditedDate": "2026-11-22 14:48:47",
            }
        },
        "query": ("bug", "keywords", "auto-v1"),
    },
    "v224_v2_task_get_title_special": {
        "tasks": {25: {**_EDITED}},
    },
    "v224_entry_signed_task_view": {"tasks": {18: _EDITED}},
    "webhook_list": {"hooks": (2, 1)},
    "webhook_log": {"hooks": (10,)},
    "v224_webhook_log_v2": {"hooks": (1,)},
}
