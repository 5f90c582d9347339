"""The bundled playbook on a real repository, a real shell and a real server, in a folder with blanks and Chinese."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.inventory import HostEntry
from orchestrator.playbook import Playbook, find_playbook
from orchestrator.tickets.spec import DeploySpec
from tests.playbook.shells import Deployment, planned, run_script
from tests.playbook.small_service import Repository
from tests.support.ports import free_port

PLAYBOOK = Playbook.load(find_playbook("bundled-tts", []))
BROKEN = "import sys\nprint('CUDA out of memory')\nsys.exit(1)\n"


class Host:
    """A host's folder, and deployments to it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "data 语音 'x'"
        self.root.mkdir()
        self.port = free_port()
        self.repository = Repository(folder / "代码 库")
        self._jobs = folder / "jobs"
        self._count = 0

    def deploy(self, ref: str | None = "main", *, port: int | None = None, keep: int = 5) -> Deployment:
        """A deployment of `ref` that has not begun."""
        entry = HostEntry(
            name="here", address="127.0.0.1", user="me", root=str(self.root), service_port=self.port,
            service_bind="127.0.0.1", python=sys.executable,
            variables={"repository": str(self.repository.folder), "keep_releases": str(keep)},
        )  # fmt: skip
        self._count += 1
        plan = planned(PLAYBOOK, entry, spec=DeploySpec(ref=ref, port=port))
        return Deployment(plan, self._jobs / str(self._count))

    def serving(self, port: int | None = None) -> str | None:
        """What the service answers (its version and commit), or None."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}/healthz", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None

    @property
    def current(self) -> str | None:
        link = self.root / "current"
        return link.readlink().name if link.is_symlink() else None

    @property
    def releases(self) -> set[str]:
        return {path.name for path in (self.root / "releases").iterdir()}

    def stop_everything(self) -> None:
        """Ends the servers that were started here, by their pid files."""
        start_app = next(iter((self.root / "releases").glob("*/tts_service/start_app.sh")), None)
        for pid_file in (self.root / "shared" / "run").glob("small-*.pid"):
            port = pid_file.stem.removeprefix("small-")
            assert start_app is not None
            env = {"TTS_SHARED": str(self.root / "shared"), "PYTHON": sys.executable, "APP": str(start_app)}
            run_script(f'bash "$APP" --stop --server_port {port}\n', self._jobs / "stop", env)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.stop_everything()


def test_a_first_deployment_ends_with_the_exact_commit_serving(host: Host) -> None:
    commit = host.repository.commit("one")
    host.repository.git("tag", "--annotate", "--message", "x", "v1")
    deployment = host.deploy("v1")
    outcomes = {step.name: deployment.run(step.name).outcome for step in deployment.plan.steps}
    assert outcomes == {
        "resolve": "ok", "fetch": "ok", "install": "ok", "stop-old": "skipped", "start": "ok", "cut-over": "ok",
    }  # fmt: skip
    assert deployment.known["commit"] == commit
    assert deployment.known["previous"] == ""
    assert host.serving() == f"one {commit}"
    assert host.current == commit
    assert (host.root / "releases" / commit / "COMMIT").read_text() == commit + "\n"
    assert host.releases == {commit}


def test_the_next_version_replaces_it_and_remembers_it(host: Host) -> None:
    first = host.repository.commit("one")
    host.deploy().run_all()
    second = host.repository.commit("two")
    deployment = host.deploy()
    outcomes = {step.name: deployment.run(step.name).outcome for step in deployment.plan.steps}
    assert outcomes["install"] == "reused"
    assert outcomes["stop-old"] == "ok"
    assert deployment.known["previous"] == first
    assert host.serving() == f"two {second}"
    assert host.current == second
    assert host.releases == {first, second}


def test_the_same_version_again_is_reused(host: Host) -> None:
    commit = host.repository.commit("one")
    host.deploy().run_all()
    again = host.deploy(commit[:10])
    assert again.run("resolve").outcome == "ok"
    assert again.run("fetch").outcome == "reused"
    assert again.run("install").outcome == "reused"
    for name in ("stop-old", "start", "cut-over"):
        assert again.run(name).code == 0
    assert host.serving() == f"one {commit}"


def test_branch_tag_and_commit_are_told_apart(host: Host) -> None:
    first = host.repository.commit("one")
    host.repository.git("tag", "release")
    host.repository.git("branch", "feature/部".replace("部", "x"))
    second = host.repository.commit("two")
    host.repository.git("branch", "release")  # a branch of the tag's name: the tag wins
    expected = {"main": second, "feature/x": first, "release": first, first: first, second[:8]: second, None: second}
    for ref, commit in expected.items():
        deployment = host.deploy(ref)
        ran = deployment.run("resolve")
        assert ran.code == 0, ran.log
        assert deployment.known["commit"] == commit


@pytest.mark.parametrize("ref", ["nope", "heads/main", "0123456789abcdef0123456789abcdef01234567", "abcdef0", "main.x"])
def test_a_ref_that_does_not_exist_is_told_before_anything_is_touched(host: Host, ref: str) -> None:
    host.repository.commit("one")
    ran = host.deploy(ref).run("resolve")
    assert ran.code != 0
    assert f"ERROR: ref not found: {ref} is no branch, tag or commit" in ran.log
    assert host.releases == set()


def test_a_repository_that_is_not_there_fails_with_its_name(host: Host) -> None:
    host.repository.folder.rename(host.repository.folder.with_name("away"))
    ran = host.deploy().run("resolve")
    assert ran.code != 0
    assert f"ERROR: cannot read the repository {host.repository.folder}" in ran.log


def test_a_broken_version_is_rolled_back_to_the_one_before(host: Host) -> None:
    first = host.repository.commit("one")
    host.deploy().run_all()
    host.repository.commit("two", serve=BROKEN)
    deployment = host.deploy()
    for name in ("resolve", "fetch", "install", "stop-old"):
        assert deployment.run(name).code == 0
    assert host.serving() is None
    failed = deployment.run("start")
    assert failed.code != 0
    assert "CUDA out of memory" in failed.log
    assert (host.root / "shared" / "logs" / f"webui-{host.port}.log").is_file()
    assert deployment.plan.collect[0] == f"{host.root}/shared/logs/webui-{host.port}.log"
    assert [ran.code for ran in deployment.roll_back()] == [0, 0]
    assert host.serving() == f"one {first}"
    assert host.current == first


def test_a_rollback_after_the_cut_over_brings_link_and_port_back(host: Host) -> None:
    first = host.repository.commit("one")
    host.deploy().run_all()
    host.repository.commit("two")
    other = free_port()
    deployment = host.deploy(port=other)
    deployment.run_all()
    assert (host.serving(other) or "").startswith("two")
    assert host.serving() is None
    assert [ran.code for ran in deployment.roll_back()] == [0, 0]
    assert host.serving(other) is None
    assert host.serving() == f"one {first}"
    assert host.current == first
    after = host.deploy()
    after.run("resolve")
    assert after.known["previous_port"] == str(host.port)


def test_a_failed_first_deployment_leaves_nothing_serving(host: Host) -> None:
    host.repository.commit("one", serve=BROKEN)
    deployment = host.deploy()
    for name in ("resolve", "fetch", "install", "stop-old", "start"):
        deployment.run(name)
    outcomes = [ran.outcome for ran in deployment.roll_back()]
    assert outcomes == ["ok", "skipped"]
    assert host.current is None
    assert host.serving() is None


def test_each_step_may_run_twice(host: Host) -> None:
    host.repository.commit("one")
    host.deploy().run_all()
    second = host.repository.commit("two")
    deployment = host.deploy()
    for step in deployment.plan.steps:
        assert deployment.run(step.name).code == 0
        ran = deployment.run(step.name)
        assert ran.code == 0, f"{step.name}: {ran.log}"
    assert host.serving() == f"two {second}"
    for _ in range(2):
        assert [ran.code for ran in deployment.roll_back()] == [0, 0]
    assert (host.serving() or "").startswith("one")


def test_what_a_killed_step_left_behind_does_not_matter(host: Host) -> None:
    commit = host.repository.commit("one")
    for half in ("shared/repository.git", "shared/repository.git.part", f"releases/{commit}.part/tts_service"):
        (host.root / half).mkdir(parents=True)
        (host.root / half / "half").write_text("x")
    (host.root / "current.part").symlink_to("nowhere")
    host.deploy().run_all()
    assert host.serving() == f"one {commit}"
    assert host.releases == {commit}
    assert not (host.root / "releases" / commit / "half").exists()


def test_only_five_releases_stay_and_never_the_shared_data_goes(host: Host) -> None:
    (host.root / "shared" / "cache_hub").mkdir(parents=True)
    weights = host.root / "shared" / "cache_hub" / "model.pth"
    weights.write_text("3 GB")
    commits = []
    for number in range(7):
        commits.append(host.repository.commit(f"version {number}"))
        deployment = host.deploy()
        for name in ("resolve", "fetch"):
            assert deployment.run(name).code == 0
        if number == 0:
            own = host.root / "releases" / commits[0] / "cache_hub"
            own.mkdir()
            (own / "downloaded").write_text("x")
        if number == 1:
            (host.root / "releases" / commits[1] / "link").symlink_to(host.root / "shared" / "cache_hub")
        ran = deployment.run("cut-over")
        assert ran.code == 0, ran.log
    assert host.releases == {commits[0], *commits[2:]}, "the first holds a cache_hub, the second had only a link"
    assert weights.read_text() == "3 GB"


def test_the_release_before_stays_even_if_it_is_old(host: Host) -> None:
    old = host.repository.commit("old")
    host.deploy(keep=2).run_all()
    for number in range(2):
        host.repository.commit(f"never served {number}")
        fetched = host.deploy(keep=2)
        fetched.run("resolve")
        fetched.run("fetch")
    new = host.repository.commit("new")
    host.deploy(keep=2).run_all()
    assert {old, new} <= host.releases


def test_a_current_that_is_not_ours_is_not_replaced(host: Host) -> None:
    host.repository.commit("one")
    (host.root / "current").mkdir()
    ran = host.deploy().run("resolve")
    assert ran.code != 0
    assert "is not a link: it is not ours to replace" in ran.log
