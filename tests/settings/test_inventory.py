"""The inventory: hosts, and who may deploy to them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.inventory import HostEntry, Inventory
from orchestrator.lined_yaml import ConfigError

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
HOST = "{address: 10.0.0.11, user: tts-user, root: /data/tts}"


def written(folder: Path, text: str) -> Path:
    path = folder / "inventory.yaml"
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Inventory.load(written(folder, text))
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_the_commented_example_loads() -> None:
    inventory = Inventory.load(EXAMPLES / "inventory.yaml")
    first, second = inventory.hosts["gpu-01"], inventory.hosts["gpu-02"]
    assert first.identity_file == EXAMPLES / "keys" / "deploy"
    assert first.user == second.user == "tts-user"
    assert first.service_url(7860) == "http://10.0.0.11:7860"
    assert second.service_url(7861) == "http://tts.example.com:7861"
    assert second.variables["torch_index_url"].endswith("cu128")


def test_a_host_needs_only_address_user_and_root(tmp_path: Path) -> None:
    host = Inventory.load(written(tmp_path, f"hosts:\n  gpu-01: {HOST}\n")).hosts["gpu-01"]
    assert host == HostEntry(name="gpu-01", address="10.0.0.11", user="tts-user", root="/data/tts")
    assert (host.port, host.service_port, host.service_bind, host.python) == (22, 7860, "0.0.0.0", "python3")


def test_only_listed_accounts_may_deploy(tmp_path: Path) -> None:
    text = f"""\
defaults: {{address: a, user: u, root: /data/tts}}
hosts:
  open: {{accounts: ["*"]}}
  team: {{accounts: [li.si]}}
  shut: {HOST}
"""
    inventory = Inventory.load(written(tmp_path, text))
    assert inventory.may_deploy("li.si", "team")
    assert not inventory.may_deploy("LI.SI", "team")
    assert not inventory.may_deploy("李四", "team")
    assert inventory.may_deploy("anyone", "open")
    assert not inventory.may_deploy("li.si", "shut")
    assert not inventory.may_deploy("li.si", "elsewhere")
    assert not inventory.may_deploy(None, "open")
    assert not inventory.may_deploy("", "open")
    assert inventory.deployable("li.si") == ("open", "team")


def test_defaults_are_filled_in_and_their_mistakes_found_where_they_stand(tmp_path: Path) -> None:
    text = "defaults:\n  user: tts-user\n  rooot: /data/tts\nhosts:\n  a:\n    address: b\n"
    assert mistakes(tmp_path, text) == [
        "3: hosts.a.rooot: unknown key (did you mean `root`?)",
        "5: hosts.a.root: is missing",
    ]


def test_variables_of_defaults_and_host_are_joined(tmp_path: Path) -> None:
    text = f"defaults: {{variables: {{a: 1, b: x}}}}\nhosts: {{h: {HOST[:-1]}, variables: {{b: 2.5}}}}}}\n"
    assert Inventory.load(written(tmp_path, text)).hosts["h"].variables == {"a": "1", "b": "2.5"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("root: data/tts", "must be an absolute folder"),
        ("root: /", "must be an absolute folder"),
        ("root: /data/../etc", "must be an absolute folder"),
        ('root: "/data\\n/tts"', "control characters"),
        ("address: -oProxyCommand=reboot", "no host name or IP address"),
        ("address: 'a b'", "no host name or IP address"),
        ("user: '-l root'", "no user name"),
        ("port: 0", "greater than or equal to 1"),
        ("service_port: 80", "greater than or equal to 1024"),
        ("python: '-c'", "must be a Python 3"),
        ("variables: {Bad-Name: 1}", "no variable name"),
        ('variables: {a: "x\\ny"}', "control characters"),
        ("variables: {a: [1]}", "must be a text or a number"),
        ("accounts: li.si", "valid tuple"),
    ],
)
def test_a_value_that_could_do_harm_is_refused_with_its_line(tmp_path: Path, change: str, told: str) -> None:
    values = {"address": "address: a", "user": "user: u", "root": "root: /data/tts"}
    values[change.split(":", maxsplit=1)[0]] = change
    text = "hosts:\n  h:\n    " + "\n    ".join(values.values()) + "\n"
    (found,) = mistakes(tmp_path, text)
    assert told in found
    assert found.startswith(f"{list(values).index(change.split(':', maxsplit=1)[0]) + 3}: ")


@pytest.mark.parametrize("name", ["../etc", "a b", "-h", "测试机", "a" * 64, "''"])
def test_a_host_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    assert "no host name" in mistakes(tmp_path, f"hosts:\n  {name}: {HOST}\n")[0]


def test_a_root_with_spaces_and_chinese_is_allowed(tmp_path: Path) -> None:
    host = Inventory.load(written(tmp_path, f"hosts: {{h: {HOST.replace('/data/tts', '/data/语音 服务/')}}}")).hosts[
        "h"
    ]
    assert host.root == "/data/语音 服务"


def test_a_number_as_a_host_name_has_to_be_quoted(tmp_path: Path) -> None:
    assert mistakes(tmp_path, f"hosts:\n  12: {HOST}\n") == ["1: hosts: put 12 in quotes"]


@pytest.mark.parametrize("text", ["", "hosts: {}", "hosts: [a]"])
def test_an_inventory_without_hosts_is_refused(tmp_path: Path, text: str) -> None:
    assert "must name at least one host" in mistakes(tmp_path, text)[0]


def test_an_ipv6_address_gets_its_brackets() -> None:
    assert HostEntry(name="h", address="fd00::1", user="u", root="/d").service_url(7860) == "http://[fd00::1]:7860"


def test_a_host_is_frozen_and_travels_by_pickle() -> None:
    host = HostEntry(name="h", address="a", user="u", root="/d", variables={"a": "b"})
    with pytest.raises(ValidationError):
        host.root = "/"
    assert pickle.loads(pickle.dumps(host)) == host
