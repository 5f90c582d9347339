"""The sentences that tell a person what is wrong with a ticket: plain text, no HTML, both languages side by side.

They are kept in code and not in a template because the command line prints the same sentences.
"""

from __future__ import annotations

from orchestrator.settings import Language
from orchestrator.tickets.keys import LABELS
from orchestrator.tickets.spec import TicketProblem

SHOWN = 160
"""How much of a person's own line or value is shown back, in characters."""

_MESSAGES: dict[str, dict[Language, str]] = {
    "too_long": {
        "zh-CN": "任务描述太长，没有读取：文字最多 64 KB，连格式最多 512 KB。请只留部署设置，日志等请作为附件上传。",
        "en": "The description is too long and was not read: at most 64 KB of text, 512 KB with markup. Attach logs.",
    },
    "title_html": {
        "zh-CN": "任务标题里有 HTML 标记。请把标题改成普通文字。",
        "en": "The task's title contains HTML. Please make it plain text.",
    },
    "title_control": {
        "zh-CN": "任务标题里有看不见的控制字符。请把标题删掉后重新输入。",
        "en": "The task's title contains invisible control characters. Please delete the title and type it again.",
    },
    "control_character": {
        "zh-CN": "「{label}」的值里有看不见的控制字符。请删掉这个值后重新输入。",
        "en": "The value of '{label}' contains invisible control characters. Please delete it and type it again.",
    },
    "ref_invalid": {
        "zh-CN": "「{value}」不是有效的分支、标签或提交号{reason}。",
        "en": "'{value}' is no valid branch, tag or commit{reason}.",
    },
    "ref_missing": {
        "zh-CN": "代码仓库里没有叫「{value}」的分支、标签或提交。",
        "en": "The repository has no branch, tag or commit called '{value}'.",
    },
    "host_unknown": {
        "zh-CN": "没有叫「{value}」的主机。",
        "en": "There is no host called '{value}'.",
    },
    "host_several": {
        "zh-CN": "一个任务只能写一台主机，这里写了多台：「{value}」。请为每台主机各建一个任务。",
        "en": "One task names one host, this one names several: '{value}'. Please create one task for each host.",
    },
    "port_invalid": {
        "zh-CN": "端口「{value}」不对：要写 1024 到 65535 之间的一个整数。",
        "en": "'{value}' is no usable port: write one whole number from 1024 to 65535.",
    },
    "name_invalid": {
        "zh-CN": "「{label}」的值「{value}」含有不允许的字符{reason}。",
        "en": "The value '{value}' of '{label}' contains characters that are not allowed{reason}.",
    },
    "name_unknown": {
        "zh-CN": "「{label}」没有「{value}」这个选项。",
        "en": "There is no {label} called '{value}'.",
    },
    "text_too_long": {
        "zh-CN": "「{label}」有 {length} 个字，最多 {limit} 个字。",
        "en": "'{label}' has {length} characters, at most {limit} are allowed.",
    },
    "duplicate": {
        "zh-CN": "「{label}」写了两次而且不一样：第 {first_line} 行是「{first}」，这里是「{value}」。请只保留一个。",
        "en": "'{label}' is set twice and differently: line {first_line} says '{first}', this one '{value}'. Keep one.",
    },
    "unknown_key": {
        "zh-CN": "不认识设置项「{value}」{reason}。",
        "en": "'{value}' is no setting that is known here{reason}.",
    },
    "missing": {
        "zh-CN": "缺少必填的设置项「{label}」。",
        "en": "The setting '{label}' is missing and has no default.",
    },
}

_REASONS: dict[str, dict[Language, str]] = {
    "character": {"zh-CN": "：里面的「{part}」不允许", "en": ": '{part}' is not allowed in it"},
    "space": {"zh-CN": "：里面不能有空格", "en": ": blanks are not allowed in it"},
    "start": {"zh-CN": "：要用字母或数字开头", "en": ": it has to begin with a letter or a digit"},
    "part": {"zh-CN": "：里面不能有「{part}」", "en": ": it may not contain '{part}'"},
    "end": {"zh-CN": "：不能以「{part}」结尾", "en": ": it may not end with '{part}'"},
    "length": {"zh-CN": "：最多 {part} 个字符", "en": ": at most {part} characters"},
    "near": {"zh-CN": "，您是不是想写「{part}」？", "en": "; did you mean '{part}'?"},
    "none": {"zh-CN": "", "en": ""},
}

_RULES: dict[str, dict[Language, str]] = {
    "ref": {
        "zh-CN": "字母、数字和 . _ / -，以字母或数字开头，最多 128 个字符",
        "en": "letters, digits and . _ / -, beginning with a letter or digit, at most 128 characters",
    },
    "port": {"zh-CN": "1024 到 65535 之间的整数", "en": "a whole number from 1024 to 65535"},
    "name": {
        "zh-CN": "字母、数字和 . _ -，最多 64 个字符",
        "en": "letters, digits and . _ -, at most 64 characters",
    },
    "text": {"zh-CN": "一句话，最多 {limit} 个字", "en": "one sentence, at most {limit} characters"},
    "title": {"zh-CN": "普通文字，例如 【IndexTTS2-V23部署】", "en": "plain text such as 【IndexTTS2-V23部署】"},
}

_SEPARATOR: dict[Language, str] = {"zh-CN": "：", "en": ": "}


def label(name: str, language: Language) -> str:
    """The word for a field in the reader's language; an extra is called as the rules call it."""
    return LABELS[language].get(name, name)


def example(name: str, value: str, language: Language) -> str:
    """One correct line: ``分支：v2.3.0``."""
    return f"{label(name, language)}{_SEPARATOR[language]}{value}"


def rule(name: str, language: Language, **values: object) -> str:
    """The sentence that states what is allowed."""
    return _RULES[name][language].format(**values)


def visible(text: str, limit: int = SHOWN) -> str:
    """A person's own words made safe to print: control characters shown as ``·``, shortened at ``limit`` characters."""
    clean = "".join(char if char.isprintable() else "·" for char in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def problem(
    code: str,
    language: Language,
    *,
    line: int | None = None,
    shown: str = "",
    key: str = "",
    value: str = "",
    reason: str = "none",
    part: str = "",
    allowed: tuple[str, ...] = (),
    example: str = "",
    **values: object,
) -> TicketProblem:
    """Build a problem with its sentence. Also for what only git or a host can find, as ``ref_missing``."""
    message = _MESSAGES[code][language].format(
        label=label(key, language),
        value=visible(value, 60),
        reason=_REASONS[reason][language].format(part=visible(part, 40)),
        **values,
    )
    return TicketProblem(
        code=code,
        message=message.replace("？。", "？").replace("?.", "?"),
        line=line,
        shown=visible(shown),
        key=key,
        allowed=allowed,
        example=example,
    )
