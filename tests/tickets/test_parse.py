"""Descriptions as people write them in ZenTao's editor, and what is read from them."""

from __future__ import annotations

import pickle

import pytest

from orchestrator.tickets import (
    DeploySpec,
    ExtraRule,
    TicketProblem,
    TicketProblems,
    TicketRules,
    TitleRule,
    parse_ticket,
)

RULES = TicketRules(
    hosts=("gpu-01", "gpu-02", "工作站"),
    services=("bundled-tts", "index-tts"),
    playbooks=("bundled-tts", "index-tts"),
    extras=(ExtraRule("emotion", ("情感",), ("neutral", "happy")), ExtraRule("note_to_host", ("留言",))),
)
TITLE = "【IndexTTS2-V23部署】"


def spec(description: str, rules: TicketRules = RULES, title: str = TITLE) -> DeploySpec:
    parsed = parse_ticket(title, description, rules=rules)
    assert isinstance(parsed, DeploySpec), parsed
    return parsed


def problems(description: str, rules: TicketRules = RULES, title: str = TITLE) -> tuple[TicketProblem, ...]:
    parsed = parse_ticket(title, description, rules=rules)
    assert isinstance(parsed, TicketProblems), parsed
    return parsed.problems


def only(description: str, rules: TicketRules = RULES, title: str = TITLE) -> TicketProblem:
    (problem,) = problems(description, rules, title)
    return problem


FULL = DeploySpec(service="bundled-tts", ref="v2.3.0", host="gpu-01", port=7861, text="你好，世界。")

WRITTEN = {
    "one paragraph each, full-width colons": (
        "<p>服务：bundled-tts</p><p>分支：v2.3.0</p><p>主机：gpu-01</p><p>端口：7861</p><p>验证文本：你好，世界。</p>"
    ),
    "one paragraph with line breaks": (
        "<p>服务: bundled-tts<br />分支: v2.3.0<br>主机: gpu-01<br/>端口: 7861<br />验证文本: 你好，世界。</p>"
    ),
    "a table as the editor makes it": """
        <table class="ke-zeroborder" style="width:100%;" border="1"><tbody>
        <tr><td>服务<br /></td><td>bundled-tts<br /></td></tr>
        <tr><td><strong>版本</strong></td><td><span style="color:#E53333;">v2.3.0</span></td></tr>
        <tr><td>服务器&nbsp;</td><td>&nbsp;gpu-01</td></tr>
        <tr><td>端口号：</td><td>7861</td></tr>
        <tr><td>测试文本</td><td>你好，世界。</td></tr>
        </tbody></table>""",
    "a table with a row of keys above a row of values": (
        "<table><tr><th>引擎</th><th>tag</th><th>主机</th><th>端口</th><th>文本</th></tr>"
        "<tr><td>bundled-tts</td><td>v2.3.0</td><td>gpu-01</td><td>7861</td><td>你好，世界。</td></tr></table>"
    ),
    "a table with two pairs in a row": (
        "<table><tr><td>服务</td><td>bundled-tts</td><td>标签</td><td>v2.3.0</td></tr>"
        "<tr><td>机器</td><td>gpu-01</td><td>端口</td><td>7861</td></tr>"
        "<tr><td>试听文本</td><td>你好，世界。</td></tr></table>"
    ),
    "a table with a third column of remarks": (
        "<table><tr><td>项目</td><td>填写</td><td>说明</td></tr>"
        "<tr><td>服务</td><td>bundled-tts</td><td>端口：随意</td></tr>"
        "<tr><td>分支</td><td>v2.3.0</td><td>写 main 或标签</td></tr>"
        "<tr><td>主机</td><td>gpu-01</td><td>gpu-02 也行</td></tr>"
        "<tr><td>端口</td><td>7861</td><td></td></tr><tr><td>文本</td><td>你好，世界。</td><td>x</td></tr></table>"
    ),
    "a table whose rows lie in one wide cell": (
        "<table><tr><td>服务：bundled-tts<br>分支：v2.3.0<p>主机：gpu-01</p>端口：7861<br>文本：你好，世界。</td></tr></table>"
    ),
    "a numbered list": (
        "<ol><li>1. 服务：bundled-tts</li><li>2、<b>提交</b>：v2.3.0</li><li>（3）主机：gpu-01</li>"
        "<li>④ 端口：7861</li><li>- 文本：你好，世界。</li></ol>"
    ),
    "English": (
        "<div>Service: bundled-tts</div><div>Git branch: v2.3.0</div><div>Target host: GPU-01</div>"
        "<div>PORT: 7861</div><div>Test text: 你好，世界。</div>"
    ),
    "everything in one line": "<p>服务：bundled-tts，分支：v2.3.0；主机：gpu-01 端口：7861，验证文本：你好，世界。</p>",
    "plain text sent through the API": (
        "服务: bundled-tts\r\n分支: v2.3.0\n\n主机: gpu-01\n端口: 7861\n文本: 你好，世界。"
    ),
    "preformatted": (
        "<pre><code>service: bundled-tts\nref: v2.3.0\nhost: gpu-01\nport: 7861\ntext: 你好，世界。</code></pre>"
    ),
    "pasted from Word": """
        <!--[if gte mso 9]><xml><w:View>Normal</w:View><o:x>主机：gpu-02</o:x></xml><![endif]-->
        <style>p.MsoNormal{font-family:"主机：gpu-02"}</style>
        <p class=MsoNormal style='mso-list:l0 level1 lfo1'><![if !supportLists]><span lang=EN-US>1.<span
        style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]><b><span>服　务</span></b>：<span
        lang=EN-US>bundled-tts<o:p></o:p></span></p>
        <p class=MsoNormal><span title="a > b">分&nbsp;支：</span><span lang=EN-US>v2.3<span>.0</span></span></p>
        <p class=MsoNormal>主 机：gpu-01</p><p class=MsoNormal>端　口：７８６１</p>
        <p class=MsoNormal>验证\n文本：你好，世界。</p>""",
    "with remarks, quotes and full stops": (
        "<p>服务（必填）：「bundled-tts」。</p><p>【分支】：`v2.3.0`（稳定版）</p><p>主机: gpu-01 (测试机)</p>"
        "<p>端口（可选）：7861（默认 7860）；</p><p>**验证文本**：“你好，世界。”</p>"
    ),
    "among prose": (
        "<h2>背景</h2><p>客户要求本周上线，请尽快部署。参考 https://git.example:443/x?host=1</p><p>注意：端口要对外开放</p>"
        "<p>服务：bundled-tts</p><p>分支/标签：v2.3.0</p><p>主机或服务器：gpu-01</p><p>端口：7861</p><p>负责人：张三</p>"
        "<p>验证文本：你好，世界。</p><p>时间：明天 10:30</p><p>谢谢！</p>"
    ),
    "with values on the lines below": (
        "<p><b>服务：</b></p><p>bundled-tts</p><p>分支：</p><p>v2.3.0</p><p>主机：</p><p>gpu-01</p>"
        "<p>端口：</p><p>7861</p><p>验证文本：你好，世界。</p>"
    ),
    "twice the same": (
        "<p>服务：bundled-tts 分支：v2.3.0</p><p>主机：gpu-01 端口：7861</p><p>主机：GPU-01</p>"
        "<p>文本：你好，世界。</p>"
    ),
    "with invisible characters from a chat": (
        "<p>\ufeff服务：bundled-tts\u200b</p><p>分\u200b支：v2.3.0</p><p>主机：gpu\u00ad-01</p>"
        "<p>端口：7861</p><p>文本：你好，世界。</p>"
    ),
}


@pytest.mark.parametrize("description", WRITTEN.values(), ids=WRITTEN.keys())
def test_people_write_it_in_many_ways(description: str) -> None:
    assert spec(description) == FULL


def test_a_silent_ticket_asks_for_nothing_in_particular() -> None:
    assert spec("") == spec("<p>请部署一下，谢谢。</p>") == DeploySpec()
    rows = (("分支", ""), ("主机", "默认"), ("端口", "—"))
    empty = "".join(f"<tr><td>{key}</td><td>{value}</td></tr>" for key, value in rows)
    assert spec(f"<table>{empty}</table>") == DeploySpec()


def test_a_sentence_that_only_mentions_a_key_is_prose() -> None:
    assert (
        spec("<p>Never delete cache_hub on a host: it holds the models. See the text: it is long.</p>") == DeploySpec()
    )
    assert spec("<p>Please deploy to host: gpu-01, text: hello</p>") == DeploySpec(host="gpu-01", text="hello")
    assert only("<p>请部署 分支：v23; rm -rf /</p>").code == "ref_invalid"


def test_a_line_below_an_empty_key_is_prose_unless_it_is_a_correct_value() -> None:
    assert spec("<p>分支：</p><p>请尽快部署</p><p>主机：</p><p>端口：7860</p>") == DeploySpec(port=7860)


def test_the_sentence_keeps_what_looks_like_settings() -> None:
    assert spec("<p>文本：请注意，主机：已启动；端口：九千</p>").text == "请注意，主机：已启动；端口：九千"


def test_further_keys_are_kept_where_the_rules_declare_them() -> None:
    assert spec("<p>情感：Happy</p><p>留言：小心 $(轻放)</p>").extras == {
        "emotion": "happy",
        "note_to_host": "小心 $(轻放)",
    }
    problem = only("<p>情感：angry</p>")
    assert (problem.code, problem.allowed) == ("name_unknown", ("neutral", "happy"))


def test_a_team_has_words_of_its_own() -> None:
    rules = TicketRules(hosts=("gpu-01",), aliases={"算力机": "host"})
    assert spec("<p>算力机：gpu-01</p>", rules).host == "gpu-01"
    with pytest.raises(ValueError, match="no such ticket field: hosts"):
        TicketRules(aliases={"算力机": "hosts"})


def test_the_title_fills_what_the_description_leaves_open() -> None:
    rules = TicketRules(hosts=("gpu-01",), title=TitleRule(r"【(?P<service>[^【】]+?)-(?P<ref>v[^【】]+)部署】"))
    title = "【bundled-tts-v23部署】"
    assert spec("", rules, title) == DeploySpec(service="bundled-tts", ref="v23")
    assert spec("<p>分支：main</p>", rules, title).ref == "main"
    assert only("", rules, "【bundled-tts-v23;reboot部署】").code == "ref_invalid"


def test_a_spec_can_be_stored() -> None:
    parsed = spec("<p>情感：happy</p>")
    assert pickle.loads(pickle.dumps(parsed)) == parsed


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("v23; rm -rf /", "「;」"),
        ("$(reboot)", "「$」"),
        ("`reboot`x", "「`」"),
        ("v23 && reboot", "空格"),
        ("v23|sh", "「|」"),
        ("-upload-pack", "开头"),
        ("--help", "开头"),
        ("/etc/passwd", "开头"),
        ("a..b", "「..」"),
        ("a//b", "「//」"),
        ("a/.b", "「/.」"),
        ("main.lock", "「.lock」"),
        ("a.lock/b", ".lock"),
        ("main/", "「/」"),
        ("main.", "「.」"),
        ("HEAD@{1}", "「@」"),
        ("main~1", "「~」"),
        ("主干", "「主」"),
        ("a" * 129, "128"),
        ("refs:main", "「:」"),
        ("v1\\n", "「\\」"),
        ("<b>", "「<」"),
    ],
)
def test_a_ref_that_git_or_a_shell_could_misread_is_refused_in_clear_words(value: str, part: str) -> None:
    escaped = value.replace("<", "&lt;")
    problem = only(f"<p>说明一下</p><p>分支：{escaped}</p>")
    assert problem.code == "ref_invalid"
    assert part in problem.message
    assert problem.line == 2
    assert problem.shown.startswith("分支：")
    assert problem.example == "分支：v2.3.0"
    assert problem.allowed


@pytest.mark.parametrize("value", ["main", "v2.3.0", "release/2026-11", "3f2a9c1", "a" * 128, "Feature_x.y-z"])
def test_an_ordinary_ref_passes(value: str) -> None:
    assert spec(f"<p>分支：{value}</p>").ref == value


@pytest.mark.parametrize(
    "value", ["80", "1023", "65536", "99999999999", "-1", "7860.5", "八千", "0x1f90", "７８６０端", "7860/tcp"]
)
def test_a_port_out_of_range_is_refused(value: str) -> None:
    problem = only(f"<p>端口：{value}</p>")
    assert problem.code == "port_invalid"
    assert "1024" in problem.message
    assert problem.example == "端口：7860"


@pytest.mark.parametrize(
    "value", ["gpu-03", "10.0.0.7", "$(reboot)", "gpu-01; id", "localhost", "../gpu-01", "gpu-01:7860"]
)
def test_an_unknown_host_is_refused_with_the_names_there_are(value: str) -> None:
    problem = only(f"<p>主机：{value}</p>")
    assert problem.code == "host_unknown"
    assert problem.allowed == ("gpu-01", "gpu-02", "工作站")
    assert problem.example == "主机：gpu-01"


def test_one_ticket_names_one_host() -> None:
    assert only("<p>主机：gpu-01、gpu-02</p>").code == "host_several"
    assert only("<p>主机：gpu-01 和 gpu-02</p>").code == "host_several"


def test_without_a_list_of_playbooks_a_name_has_to_look_like_one() -> None:
    rules = TicketRules()
    assert spec("<p>剧本：my-tts_2</p>", rules).playbook == "my-tts_2"
    for value in ("../../etc/passwd", "a b", "a..b", "名字", ".hidden", "a" * 65):
        assert only(f"<p>剧本：{value}</p>", rules).code == "name_invalid"


def test_a_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    problem = only("<p>服务：chat-tts</p>")
    assert (problem.code, problem.allowed) == ("name_unknown", ("bundled-tts", "index-tts"))


def test_a_sentence_has_a_limit() -> None:
    assert spec(f"<p>文本：{'好' * 300}</p>").text == "好" * 300
    problem = only(f"<p>文本：{'好' * 301}</p>")
    assert problem.code == "text_too_long"
    assert "301" in problem.message
    assert len(problem.shown) <= 160


@pytest.mark.parametrize("character", ["\x01", "\x1b", "\u202e", "\ud800", "\x7f"])
def test_control_characters_are_refused_and_not_shown(character: str) -> None:
    problem = only(f"<p>文本：你{character}好</p>")
    assert problem.code == "control_character"
    assert character not in problem.shown + problem.message


def test_the_same_key_with_another_value_is_refused_with_both_lines() -> None:
    problem = only("<p>分支：main</p><p>主机：gpu-01</p><p>标签：v2</p>")
    assert (problem.code, problem.line) == ("duplicate", 3)
    assert "第 1 行" in problem.message
    assert "「main」" in problem.message
    assert "「v2」" in problem.message


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("prot: 7860", "port"),
        ("brnach: main", "branch"),
        ("分枝：main", "分支"),
        ("验证文木：你好", "验证文本"),
        ("Hosts: a", "host"),
    ],
)
def test_a_misspelt_key_is_asked_about(line: str, near: str) -> None:
    problem = only(f"<p>{line}</p>")
    assert problem.code == "unknown_key"
    assert near in problem.allowed
    assert f"「{near}」" in problem.message


def test_an_unknown_key_among_settings_is_asked_about_and_a_note_is_not() -> None:
    row = "<tr><td>{}</td><td>{}</td></tr>".format
    problem = only(
        f"<table>{row('分支', 'main')}{row('精度', 'fp16')}{row('负责人', '张三')}{row('优先级', '1')}</table>"
    )
    assert (problem.code, problem.line) == ("unknown_key", 2)
    assert "「精度」" in problem.message
    assert "分支" in problem.allowed
    assert spec(f"<table>{row('精度', 'fp16')}{row('显存', '8G')}</table>") == DeploySpec()


def test_everything_wrong_is_told_at_once_in_the_order_of_the_lines() -> None:
    found = problems("<p>端口：80</p><p>分支：a b</p><p>主机：x</p><p>prot: 1</p>")
    assert [(problem.line, problem.code) for problem in found] == [
        (1, "port_invalid"),
        (2, "ref_invalid"),
        (3, "host_unknown"),
        (4, "unknown_key"),
    ]


def test_a_required_setting_that_is_missing_is_named_once() -> None:
    rules = TicketRules(hosts=("gpu-01", "gpu-02"), required=frozenset({"host"}))
    problem = only("<p>分支：main</p>", rules)
    assert (problem.code, problem.key, problem.line, problem.allowed) == ("missing", "host", None, ("gpu-01", "gpu-02"))
    assert only("<p>主机：gpu-9</p>", rules).code == "host_unknown"


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>【A部署】", "&lt;b&gt;粗&lt;/b&gt;【A部署】", "【<img src=x>部署】"]
)
def test_html_in_the_title_is_refused_and_shown_as_text(title: str) -> None:
    problem = only("<p>分支：main</p>", title=title)
    assert problem.code == "title_html"
    assert "<" in problem.shown


def test_a_title_may_compare_numbers_but_not_hide_characters() -> None:
    assert spec("", title="延迟<5s【A部署】a < b") == DeploySpec()
    assert only("", title="【A\x07部署】").code == "title_control"


def test_a_description_of_a_megabyte_is_refused_unread() -> None:
    for filling in ("x", "界", "<b>", "<p>x</p>"):
        problem = only("<p>分支：main</p>" + filling * (1_000_000 // len(filling)))
        assert problem.code == "too_long"
        assert "64 KB" in problem.message
    assert only("<p>" + "界" * 30_000 + "</p>").code == "too_long"
    assert spec("<p>" + "界" * 20_000 + "</p><p>分支：main</p>").ref == "main"


def test_much_markup_around_little_text_is_read() -> None:
    padding = '<span style="mso-fareast-font-family:等线;mso-bidi-font-family:Arial">' * 5000
    assert spec(f"<p>{padding}分支：main</p>").ref == "main"


def test_problems_are_worded_in_the_readers_language() -> None:
    rules = TicketRules(hosts=("gpu-01",), language="en")
    problem = only("<p>branch: v23; rm -rf /</p>", rules)
    assert problem.message == "'v23; rm -rf /' is no valid branch, tag or commit: ';' is not allowed in it."
    assert problem.example == "ref: v2.3.0"
