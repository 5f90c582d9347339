"""`/api.php/v2` of 22.4: the activity feed and webhooks."""

from __future__ import annotations

from datetime import datetime

from . import shapes_history, wording
from .call import Call, Reply, as_int, html_reply, json_reply
from .legacy_routes import PageCall
from .legacy_site import execution_feed, people, webhook_log_data, webhook_row
from .site import Site
from .taskdesk import Caller
from .v2_replies import created, pager
from .v2_routes import ROUTES
from .webhooks import DEFAULT_PARAMS


@ROUTES.on("GET", "/companies/dynamic")
def company_dynamic(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "company", "dynamic")
    execution_id = as_int(call.query.get("executionID"))
    limit = as_int(call.query.get("limit"), 50)
    day = site.clock.today() if call.query.get("browseType") == "today" else ""
    rows = site.history.feed(account=caller.account, execution=execution_id, day=day)
    return json_reply(
        {
            "title": "组织视图-组织动态",
            "products": ["产品", *[row["name"] for row in site.places.products()]],
            "projects": {"0": "项目", **{str(row["id"]): row["name"] for row in site.places.listed("project")}},
            "executions": {"0": "执行", **{str(row["id"]): f"/{row['name']}" for row in site.places.listed("sprint")}},
            "userIdPairs": {**{str(row["id"]): row["realname"] for row in site.accounts.all()}, "": "用户"},
            "accountPairs": {**people(site), "closed": "Closed", "": ""},
            "recTotal": len(rows),
            "browseType": call.query.get("browseType", "all"),
            "account": "all",
            "productID": 0,
            "projectID": 0,
            "executionID": call.query.get("executionID", 0),
            "queryID": 0,
            "orderBy": "date_desc",
            "userID": 0,
            "param": "",
            "dateGroups": [shapes_history.feed_entry(site, row, "v2") for row in rows[:limit]],
            "direction": "next",
            "status": "success",
            "pager": None,
        }
    )


@ROUTES.on("GET", "/executions/:number/dynamic")
def execution_dynamic(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "execution", "dynamic")
    feed = execution_feed(site, PageCall(call, caller, {"executionID": number, **call.query}, "json"))
    names = {str(row["id"]): f"{row['account'][0].upper()}:{row['realname']}" for row in site.accounts.all()}
    groups = {
        label if "年" in label else f"{site.clock.today()[:4]}年{label}": entries
        for label, entries in feed["dateGroups"].items()
    }
    feed |= {"executionID": as_int(number), "status": "success", "userIdPairs": names, "dateGroups": groups}
    feed |= {"accountPairs": {**people(site), "closed": "Closed"}, "recTotal": sum(map(len, groups.values()))}
    return json_reply(feed)


@ROUTES.on("GET", "/dynamics/:scope/:number")
def dynamics(site: Site, call: Call, caller: Caller, scope: str, number: str) -> Reply:
    site.accounts.demand(caller.account, "company", "dynamic")
    if scope == "date":
        before = datetime.fromtimestamp(as_int(number), tz=site.clock.zone)
        first = before.strftime("%Y-%m-%d")
        rows = [row for row in site.history.feed(account=caller.account) if str(row["date"]) < first]
        entries = {str(index): shapes_history.feed_entry(site, row, "v2") for index, row in enumerate(rows)}
        return json_reply({"status": "success", "actions": entries or None})
    column = {"execution": "execution", "project": "project"}.get(scope)
    rows = site.history.feed(account=caller.account)
    if column:
        rows = [row for row in rows if row[column] == as_int(number)]
    elif scope == "product":
        rows = [row for row in rows if number in str(row["product"]).split(",")]
    return json_reply({"status": "success", "actions": [shapes_history.feed_entry(site, row, "v2") for row in rows]})


@ROUTES.on("POST", "/webhooks")
def create_webhook(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "create")
    body = call.body
    number = site.webhooks.create(
        str(body.get("name") or ""),
        str(body.get("url") or ""),
        domain=str(body.get("domain") or ""),
        send_type=str(body.get("sendType") or "sync"),
        kind=str(body.get("type") or "default"),
        params=tuple(str(one) for one in body.get("params") or DEFAULT_PARAMS),
        products=",".join(str(one) for one in body.get("products") or ()),
        executions=",".join(str(one) for one in body.get("executions") or ()),
        secret=str(body.get("secret") or ""),
        by=caller.account,
    )
    return created(number)


@ROUTES.on("GET", "/webhooks")
def webhooks(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "browse")
    rows = [webhook_row(row) for row in site.webhooks.all()]
    info = pager(len(rows), 20, 1, "webhook", "browse")
    return json_reply({"status": "success", "webhooks": rows, "pager": info})


@ROUTES.on("GET", "/webhooks/asyncSend")
def send_webhooks(site: Site, call: Call, caller: Caller) -> Reply:
    site.accounts.demand(caller.account, "webhook", "asyncSend")
    site.webhooks.send_queued()
    return html_reply("OK\n")


@ROUTES.on("PUT", "/webhooks/:number")
def edit_webhook(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "edit")
    names = ("name", "url", "domain", "sendType")
    site.webhooks.change(as_int(number), **{name: str(call.body[name]) for name in names if name in call.body})
    load = "/index.php?m=webhook&f=browse&t=json"
    return json_reply({"message": wording.SAVED, "load": load, "status": "success"})


@ROUTES.on("DELETE", "/webhooks/:number")
def delete_webhook(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "delete")
    site.webhooks.delete(as_int(number))
    return json_reply({"load": True, "status": "success", "message": wording.SAVED})


@ROUTES.on("GET", "/webhooks/:number/log")
def webhook_log(site: Site, call: Call, caller: Caller, number: str) -> Reply:
    site.accounts.demand(caller.account, "webhook", "log")
    return json_reply(webhook_log_data(site, as_int(number)) | {"status": "success"})
