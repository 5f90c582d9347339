"""Settings: what is read, from where, and how mistakes are told."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.lined_yaml import ConfigError
from orchestrator.settings import DEFAULT_TITLE_RULE, Settings, Trigger

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SMALL = "zentao: {url: 'https://zentao.example.com', account: deploybot, executions: [3]}\n"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ZENTAO_DEPLOY")]:
        monkeypatch.delenv(name)


def written(folder: Path, text: str, name: str = "zentao-deploy.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Settings.load(written(folder, text))
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_the_commented_example_loads() -> None:
    settings = Settings.load(EXAMPLES / "zentao-deploy.yaml")
    assert settings.zentao.executions == (3,)
    assert settings.rule.title == DEFAULT_TITLE_RULE
    assert settings.data_dir == Path("/var/lib/zentao-deploy")


def test_three_lines_are_enough_and_paths_count_from_the_file(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, SMALL + "playbooks: [mine, ../ours]\n"))
    assert (settings.poll.interval_seconds, settings.web.host, settings.web.port) == (10, "127.0.0.1", 8642)
    assert settings.inventory == tmp_path / "inventory.yaml"
    assert settings.data_dir == tmp_path / "data"
    assert settings.playbooks == (tmp_path / "mine", tmp_path.parent / "ours")
    assert settings.zentao.language == "zh-CN"
    assert settings.default_playbook == "bundled-tts"


def test_default_triggers_are_a_start_and_a_restart(tmp_path: Path) -> None:
    rule = Settings.load(written(tmp_path, SMALL)).rule
    assert rule.triggered_by("wait", "doing")
    assert rule.triggered_by("pause", "doing")
    assert not rule.triggered_by("doing", "done")
    assert not rule.triggered_by("cancel", "doing")


@pytest.mark.parametrize("text", ["any->done", "done", "已完成", "any→已完成"])
def test_done_from_anywhere_can_be_a_trigger(tmp_path: Path, text: str) -> None:
    rule = Settings.load(written(tmp_path, SMALL + f"rule: {{triggers: ['{text}']}}\n")).rule
    assert rule.triggers == (Trigger(old=None, new="done"),)
    assert rule.triggered_by("doing", "done")
    assert not rule.triggered_by("done", "done")


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENTAO_DEPLOY_WEB__PORT", "9000")
    monkeypatch.setenv("ZENTAO_DEPLOY_ZENTAO__EXECUTIONS", "[4, 5]")
    monkeypatch.setenv("ZENTAO_DEPLOY_DATA_DIR", "elsewhere")
    settings = Settings.load(written(tmp_path, SMALL + "web: {port: 1, host: '::1'}\n"))
    assert (settings.web.port, settings.web.host) == (9000, "::1")
    assert settings.zentao.executions == (4, 5)
    assert settings.data_dir == tmp_path / "elsewhere"


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    text = SMALL + "\nwebb:\n  port: 1\npoll:\n  intervall_seconds: 3\n"
    assert mistakes(tmp_path, text) == [
        "3: webb: unknown key (did you mean `web`?)",
        "6: poll.intervall_seconds: unknown key (did you mean `interval_seconds`?)",
    ]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = """\
zentao:
  url: zentao.example.com
rule:
  title: '【('
  triggers: [wait->doing, 开工]
poll: {interval_seconds: 0}
"""
    told = mistakes(tmp_path, text)
    assert [line.split(": ")[:2] for line in told] == [
        ["1", "zentao.account"],
        ["2", "zentao.url"],
        ["4", "rule.title"],
        ["5", "rule.triggers[2]"],
        ["6", "poll.interval_seconds"],
    ]


def test_an_empty_variable_counts_as_not_set_and_a_broken_list_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, SMALL)
    monkeypatch.setenv("ZENTAO_DEPLOY_WEB__PORT", "")
    assert Settings.load(path).web.port == 8642
    monkeypatch.setenv("ZENTAO_DEPLOY_PLAYBOOKS", "[a")
    with pytest.raises(ConfigError, match=r"environment: .* is not JSON"):
        Settings.load(path)


def test_an_unknown_variable_in_the_environment_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENTAO_DEPLOY_WEB__PROT", "9000")
    with pytest.raises(ConfigError, match=r"environment: ZENTAO_DEPLOY_WEB__PROT: .*did you mean `port`"):
        Settings.load(written(tmp_path, SMALL))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("zentao: [1, 2", "1: is not YAML"),
        ("a: " + "[" * 5000, "None: is nested too deeply"),
        (SMALL.replace("executions: [", "executions: [0, "), "1: zentao.executions[1]: "),
        ("- a\n- b\n", "1: must hold `key: value` lines"),
        (SMALL + "poll: {}\npoll: {}\n", "3: poll is given twice"),
        (SMALL + "log: &a {json: *a}\n", "2: an alias that holds itself"),
        (SMALL + "path: /etc/passwd\n", "2: path: unknown key"),
        (SMALL + "data_dir: !!python/object/apply:os.system [reboot]\n", "2: is not YAML"),
        (SMALL.replace("https://", "https://bot:geheim@"), "1: zentao.url: must not hold an account or a password"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert mistakes(tmp_path, text)[0].startswith(told)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes(SMALL.encode() + "# 部署\n".encode("gbk"))
    with pytest.raises(ConfigError, match=r"gbk\.yaml:2: is not UTF-8"):
        Settings.load(path)


def test_a_rule_under_which_no_task_is_ours_is_refused(tmp_path: Path) -> None:
    text = "zentao: {url: 'https://z.example.com', account: bot}\nrule: {own_if_assigned: false}\n"
    assert "no task could ever be ours" in mistakes(tmp_path, text)[0]


def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "zentao:\n  url: https://z.example.com\n  account: bot\n  password: geheim\n")
    assert told == ["4: zentao.password: a secret stands in an environment variable or a file, not here"]


def test_the_password_comes_from_the_environment_and_never_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_PASSWORD", "geheim")
    settings = Settings.load(written(tmp_path, SMALL.replace("executions", "password_env: BOT_PASSWORD, executions")))
    assert settings.zentao.read_password().get_secret_value() == "geheim"
    shown = repr(settings) + str(settings.zentao.read_password()) + settings.model_dump_json()
    assert "geheim" not in shown


def test_a_password_file_wins_and_loses_its_line_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENTAO_DEPLOY_PASSWORD", "other")
    written(tmp_path, "  ge heim \n", "secret")
    settings = Settings.load(written(tmp_path, SMALL.replace("executions", "password_file: secret, executions")))
    assert settings.zentao.read_password().get_secret_value() == "  ge heim "


def test_a_missing_secret_names_the_place_to_put_it(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, SMALL + "web: {webhook_secret_env: HOOK}\n"))
    with pytest.raises(ConfigError, match="ZENTAO_DEPLOY_PASSWORD is not set"):
        settings.zentao.read_password()
    with pytest.raises(ConfigError, match=r"HOOK is not set, but web\.webhook_secret_env names it"):
        settings.web.read_webhook_secret()


def test_without_a_webhook_there_is_no_secret(tmp_path: Path) -> None:
    assert Settings.load(written(tmp_path, SMALL)).web.read_webhook_secret() is None


def test_the_file_is_looked_for_in_the_promised_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    here = written(tmp_path / "work", SMALL)
    named = written(tmp_path, SMALL, "named.yaml")
    given = written(tmp_path, SMALL, "given.yaml")
    assert Settings.load().path == here
    monkeypatch.setenv("ZENTAO_DEPLOY_CONFIG", str(named))
    assert Settings.load().path == named
    assert Settings.load(given).path == given


def test_no_file_at_all_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no settings file: .*/etc/zentao-deploy/zentao-deploy\.yaml"):
        Settings.load()
    with pytest.raises(ConfigError, match=r"absent\.yaml: can't be read: No such file"):
        Settings.load(tmp_path / "absent.yaml")


def test_settings_are_frozen_and_travel_by_pickle(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, SMALL))
    with pytest.raises(ValidationError):
        settings.data_dir = Path("/")
    with pytest.raises(ValidationError):
        settings.web.port = 1
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_config_error_travels_by_pickle(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(written(tmp_path, "a: 1\n"))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.problems, str(copy)) == (caught.value.problems, str(caught.value))
