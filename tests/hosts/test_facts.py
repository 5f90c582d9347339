"""What a host is like, and who sits on its ports."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrator.demo.ssh_host import PATH, EmbeddedSshHost
from orchestrator.hosts import Host
from orchestrator.hosts.facts import GpuFact, PythonFact, parse_facts
from orchestrator.hosts.ports import parse_port_holder, port_program
from tests.hosts.conftest import Place, entry_of, pool_of

# As a GPU host answers; the second card's driver tells less.
ANSWER = """\
now\t1700000010.500000000
user\tdeploy
uid\t1000
home\t/home/deploy
hostname\tgpu-01
kernel\tLinux 6.1.0
arch\tx86_64
os\tUbuntu 24.04.1 LTS
boot_id\t0f7d7d0b-0000-4000-8000-000000000000
cpus\t32
load\t0.50 1.25 2.00 3/999 12345
MemTotal:\t65536
MemAvailable:\t32768
root\t/data/部署 root
root_writable\tyes
disk\t/dev/nvme0n1p2 1000 400 600 40% /data
tool\tgit
tool\tsetsid
git\tgit version 2.43.0
python\t3.11.7 yes /opt/py thon/bin/python3
python\t3.12.3 no python3
gpu\t0, NVIDIA H200, 143771, 1024, 7, 570.86.15
gpu\t1, NVIDIA GeForce RTX 4090, 24564, [N/A], [Not Supported], 570.86.15
end\tyes
"""


def test_the_answer_of_a_gpu_host_is_read() -> None:
    facts = parse_facts(ANSWER, asked_at=1700000000.0, answered_at=1700000001.0)
    assert (facts.user, facts.uid, facts.home, facts.os) == ("deploy", 1000, "/home/deploy", "Ubuntu 24.04.1 LTS")
    assert facts.clock_skew == 10.0
    assert facts.load == (0.5, 1.25, 2.0)
    assert (facts.memory_total, facts.memory_available) == (65536 * 1024, 32768 * 1024)
    assert (facts.disk_total, facts.disk_free) == (1000 * 1024, 600 * 1024)
    assert (facts.root, facts.root_exists, facts.root_writable) == ("/data/部署 root", False, True)
    assert facts.git == "2.43.0"
    assert facts.tools == {"git", "setsid"}
    assert facts.pythons == (
        PythonFact("/opt/py thon/bin/python3", "3.11.7", True),
        PythonFact("python3", "3.12.3", False),
    )
    assert facts.gpus == (
        GpuFact(0, "NVIDIA H200", 143771, 1024, 7, "570.86.15"),
        GpuFact(1, "NVIDIA GeForce RTX 4090", 24564, None, None, "570.86.15"),
    )


def test_an_answer_that_broke_off_is_no_answer() -> None:
    with pytest.raises(ValueError, match="broke off"):
        parse_facts(ANSWER[:200], asked_at=0.0, answered_at=0.0)


@pytest.mark.parametrize(
    "text", ["end\tyes\n", "now\tnan\nuid\t-1\nload\ta b c\ndisk\tx\ngpu\tx\npython\tx\nend\tyes\n"]
)
def test_a_host_that_tells_little_or_nonsense_is_read_as_unknown(text: str) -> None:
    facts = parse_facts(text, asked_at=0.0, answered_at=0.0)
    assert facts.clock_skew is None
    assert facts.load is None
    assert facts.disk_free is None
    assert facts.gpus == ()
    assert facts.pythons == ()


def test_a_clock_without_fractions_is_read() -> None:
    assert parse_facts("now\t100.%N\nend\tyes\n", asked_at=90.0, answered_at=90.0).clock_skew == 10.0


def test_the_facts_of_a_real_host_are_its_own(host: Host, place: Place) -> None:
    facts = host.facts()
    assert facts.user == place.user
    assert facts.uid == os.getuid()
    assert facts.home == str(place.home)
    assert facts.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert facts.cpus >= 1
    assert facts.memory_total is not None
    assert facts.memory_total > 100 * 2**20
    assert facts.clock_skew is not None
    assert abs(facts.clock_skew) < 5
    assert facts.root == str(place.home / "部署 root")
    assert not facts.root_exists
    assert facts.root_writable
    disk = os.statvfs(place.home)
    assert facts.disk_total is not None
    assert abs(facts.disk_total - disk.f_blocks * disk.f_frsize) < 2**20
    assert {"git", "setsid", "flock"} <= facts.tools
    assert facts.git is not None


def test_a_root_that_is_no_folder_can_not_be_written(place: Place, tmp_path: Path) -> None:
    (place.home / "file").touch()
    with pool_of(entry_of(place, tmp_path, root=str(place.home / "file" / "root")), tmp_path) as pool:
        facts = pool.host("gpu-01").facts()
    assert not facts.root_exists
    assert not facts.root_writable


def test_the_inventorys_python_is_looked_at_first(place: Place, tmp_path: Path) -> None:
    python = place.home / "my python" / "python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\ncase $4 in *version*) echo 3.13.9;; esac\n")
    python.chmod(0o755)
    with pool_of(entry_of(place, tmp_path, python=str(python)), tmp_path) as pool:
        assert pool.host("gpu-01").facts().pythons[0] == PythonFact(str(python), "3.13.9", True)


def test_the_rows_of_nvidia_smi_become_gpus(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tool = home / "bin" / "nvidia-smi"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho 0, NVIDIA H200, 143771, 0, 0, 570.86.15\n")
    tool.chmod(0o755)
    path = {"PATH": f"{tool.parent}:{PATH}"}
    with EmbeddedSshHost(home, env=path) as place, pool_of(entry_of(place, tmp_path), tmp_path) as pool:
        assert pool.host("gpu-01").facts().gpus == (GpuFact(0, "NVIDIA H200", 143771, 0, 0, "570.86.15"),)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_who_listens_on_a_port_is_named(host: Host, family: socket.AddressFamily) -> None:
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family) as server:
        port = server.getsockname()[1]
        holder = host.port_holder(port)
    assert holder is not None
    assert (holder.port, holder.pid, holder.uid) == (port, os.getpid(), os.getuid())
    assert holder.folder == str(Path.cwd())
    assert holder.name == Path("/proc/self/comm").read_text().strip()
    assert host.port_holder(port) is None


def test_a_port_of_somebody_else_is_taken_all_the_same() -> None:
    holder = parse_port_holder("1001\nother\n\n", 7860)
    assert holder is not None
    assert (holder.user, holder.pid, holder.name) == ("other", None, None)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        port_program(port)
