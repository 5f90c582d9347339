"""A host that can't be used: the ticket says so in a product manager's words, and the bug holds the log."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.store import RunState
from tests.hosts.conftest import start_host_process
from tests.support.sshd import make_key
from tests.workflow.world import World, plain, wide_world

GOOD = "gpu-01"
SMALL_DISK = 'mount -t tmpfs -o size=64m tmpfs "$HOME_FOLDER/disk" && exec "$@"'

TROUBLES = {
    # host: what a product manager reads, what operations read
    "gpu-off": ("主机连不上", "请运维确认主机已开机", "HostUnreachable"),
    "gpu-stranger": ("主机身份核对不上", "请运维当面核对主机密钥指纹", "HostKeyMismatch"),
    "gpu-closed": ("主机拒绝登录", "请运维把部署账号的公钥加入该主机", "HostAuthFailed"),
    "gpu-foreign": ("部署账号在主机上没有权限", "请运维把部署目录交给部署账号", "HostDenied"),
    "gpu-full": ("磁盘满了", "请运维清理磁盘", "HostDiskFull"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:
        world = stack.enter_context(wide_world(folder))
        good = world.ssh[GOOD]
        world.add_host("gpu-off", good)["port"] = 1
        stranger = Path(world.add_host("gpu-stranger", good)["known_hosts"])
        make_key(folder / "another_key")
        stranger.write_text(f"[127.0.0.1]:{good.port} {(folder / 'another_key.pub').read_text()}")
        world.add_host("gpu-closed", good)["identity_file"] = str(folder / "another_key")
        # A file where the folder's parent should be: nobody may make a folder there, not even root.
        (folder / "a file").touch()
        world.add_host("gpu-foreign", good)["root"] = str(folder / "a file" / "tts")
        if may_mount():
            home = folder / "home gpu-full"
            (home / "disk").mkdir(parents=True)
            unshare = ["unshare", "-rm", "env", f"HOME_FOLDER={home}", "sh", "-c", SMALL_DISK, "sh"]
            full = stack.enter_context(start_host_process(home, folder, unshare))
            world.add_host("gpu-full", full)["root"] = str(home / "disk" / "tts")
        world.version("v1")
        world.daemon()
        yield world


def may_mount() -> bool:
    return (
        shutil.which("unshare") is not None and subprocess.run(["unshare", "-rm", "true"], check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def tickets(world: World) -> dict[str, int]:
    """One ticket for each of these hosts; all are under way at the same time."""
    return {host: world.ticket("分支：main", f"主机：{host}") for host in TROUBLES if host in world.inventory["hosts"]}


@pytest.mark.parametrize("host", TROUBLES)
def test_a_host_that_cannot_be_used_is_told_in_plain_words_with_the_log_on_the_bug(
    world: World, tickets: dict[str, int], host: str
) -> None:
    if host not in tickets:
        pytest.skip("this machine allows no mounts of one's own (unshare -rm), so there is no small disk to fill")
    title, remedy, technical = TROUBLES[host]
    task = tickets[host]
    run = world.ended(task)
    assert run.state is RunState.FAILED
    world.until(lambda: world.sandbox.task(task)["assignedTo"] == "linyanfa", "the ticket to be handed back")
    assert world.sandbox.task(task)["status"] == "pause"
    accepted, said = world.said(task)
    assert host in accepted
    assert said.startswith(f"{title} ：主机 {host}")
    assert remedy in said
    assert "没有动过正在运行的版本" in said
    assert technical in said
    (bug,) = world.bugs(task)
    assert f"#{bug['id']}" in said
    assert title in bug["title"]
    assert technical in plain(bug["steps"])
    with world.zentao() as zentao:
        (file,) = zentao.bugs.get(bug["id"]).files
        assert technical in zentao.files.download(file.id).decode()
    assert file.name == f"{run.run_id}-deploy.txt"
    assert file.name in said
