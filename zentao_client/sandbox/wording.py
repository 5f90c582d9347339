"""The Chinese words that ZenTao shows: statuses, fields, verbs, messages."""

from __future__ import annotations

TASK_STATUS = {
    "wait": "未开始",
    "doing": "进行中",
    "done": "已完成",
    "pause": "已暂停",
    "cancel": "已取消",
    "closed": "已关闭",
}
BUG_STATUS = {"active": "激活", "resolved": "已解决", "closed": "已关闭"}
CONFIRMED = {"0": "未确认", "1": "已确认"}

TASK_FIELDS = {
    "name": "任务名称",
    "type": "任务类型",
    "pri": "优先级",
    "status": "任务状态",
    "assignedTo": "指派给",
    "estimate": "最初预计",
    "left": "预计剩余",
    "consumed": "总计消耗",
    "realStarted": "实际开始",
    "finishedDate": "实际完成",
    "finishedBy": "由谁完成",
    "canceledBy": "由谁取消",
    "canceledDate": "取消时间",
    "closedBy": "由谁关闭",
    "closedDate": "关闭时间",
    "closedReason": "关闭原因",
    "estStarted": "预计开始",
    "deadline": "截止日期",
    "desc": "任务描述",
    "mailto": "抄送给",
    "keywords": "关键词",
    "activatedDate": "激活日期",
    "assignedDate": "指派日期",
}
BUG_FIELDS = {
    "title": "Bug标题",
    "keywords": "关键词",
    "severity": "严重程度",
    "pri": "优先级",
    "type": "Bug类型",
    "steps": "重现步骤",
    "status": "Bug状态",
    "confirmed": "是否确认",
    "assignedTo": "指派给",
    "mailto": "抄送给",
    "openedBuild": "影响版本",
    "resolvedBy": "解决者",
    "resolution": "解决方案",
    "resolvedBuild": "解决版本",
    "resolvedDate": "解决日期",
    "closedBy": "由谁关闭",
    "closedDate": "关闭日期",
    "activatedCount": "激活次数",
    "deadline": "截止日期",
    "task": "相关任务",
}
FILE_FIELD = "附件"

# What a history entry says after "由 X": for the record's own text, and as a verb for events and feeds.
ACTION_SENTENCE = {
    "opened": "创建",
    "edited": "编辑",
    "assigned": "指派",
    "started": "启动",
    "paused": "暂停",
    "restarted": "继续",
    "finished": "完成",
    "closed": "关闭",
    "activated": "激活",
    "canceled": "取消",
    "deleted": "删除",
    "commented": "添加备注",
    "recordestimate": "记录工时",
    "recordworkhour": "记录工时",
    "deletedfile": "删除附件",
    "bugconfirmed": "确认Bug",
    "resolved": "解决",
    "login": "登录系统",
}
ACTION_VERB = {
    "opened": "创建了",
    "edited": "编辑了",
    "assigned": "指派了",
    "started": "开始了",
    "paused": "暂停了",
    "restarted": "继续了",
    "finished": "完成了",
    "closed": "关闭了",
    "activated": "激活了",
    "canceled": "取消了",
    "deleted": "删除了",
    "commented": "评论了",
    "recordestimate": "记录了工时",
    "recordworkhour": "记录了工时",
    "deletedfile": "删除了附件",
    "bugconfirmed": "确认了",
    "resolved": "解决了",
    "login": "登录系统",
}
OBJECT = {"task": "任务", "bug": "Bug", "user": "用户", "doc": "文档"}

TASK_TYPE = {
    "design": "设计",
    "devel": "开发",
    "request": "需求",
    "test": "测试",
    "study": "研究",
    "discuss": "讨论",
    "ui": "界面",
    "affair": "事务",
    "misc": "其他",
    "ops": "运维",
}

LOGIN_REFUSED = "登录失败，请检查您的用户名或密码是否填写正确。"
LOGIN_TRIES_LEFT = "您还有{left}次尝试机会。"
LOGIN_LOCKED = "密码尝试次数太多，请联系管理员解锁，或10分钟后重试。"
NO_ACCESS = "您没有访问权限"
ALREADY_STARTED = "此任务已被启动，不能重复启动！"
ZERO_TOTAL = "总计消耗为0时不能完成任务，请填写本次消耗工时"
ZERO_HOURS = '"总计消耗"和"预计剩余"不能同时为0'
LESS_CONSUMED = '"总计消耗"必须大于之前消耗'
END_BEFORE_START = "实际完成不能小于实际开始"
START_EMPTY = "实际开始不能为空"
TWIN_TASK = "已有相同标题的任务"
NO_SUCH_OBJECT = "抱歉，您访问的对象不存在！"
NO_SUCH_EXECUTION = "您无权访问该迭代！"
FILE_GONE = "未找到该文件，可能物理文件已被删除！"
SAVED = "保存成功"


def required(field: str) -> str:
    """『field』 must not be empty."""
    return f"『{field}』不能为空。"


def status_text(object_type: str, code: str) -> str:
    """The display text of a status code; an unknown code stays as it is."""
    return (BUG_STATUS if object_type == "bug" else TASK_STATUS).get(code, code)


def field_text(object_type: str, field: str) -> str:
    """The display name of a field; an unknown field stays as it is."""
    if field in ("files", "addDiff"):
        return FILE_FIELD
    return (BUG_FIELDS if object_type == "bug" else TASK_FIELDS).get(field, field)
