"""`remove` of a host on which the record says that runners may have been created in GitLab, with the demo's host.

GitLab is a stand-in over HTTP on loopback. An earlier deploy left a runner there that its host does not have.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from runnerops.commands.deploy import deploy
from runnerops.commands.remove import remove
from runnerops.commands.status import status
from runnerops.demo.site import Site
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.gitlab.runners import MARK
from runnerops.model.common import Exit, ServiceName
from runnerops.model.gitlab import CreationRecord, Place
from runnerops.remote import state_folder
from runnerops.report.screen import Screen
from tests.integration.conftest import API
from tests.integration.demo_host import playing, replace
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import Answer

HOST = """
hosts:
  demo:
    address: 127.0.0.1
    ssh: {{user: root, port: {port}, key: id_ecdsa}}
    docker: {{log-opts: {{max-size: 10m}}, log-driver: json-file}}
"""
ACCESS = "defaults: {{gitlab: {{url: '{url}', token: !env API}}}}"
MARKED = "0123456789ab"


@pytest.fixture(name="gitlab", scope="module")
def fixture_gitlab() -> Iterator[GitLab]:
    with open_gitlab() as gitlab:
        gitlab.api_tokens.add(API)
        yield gitlab


@pytest.fixture(name="site", scope="module")
def fixture_site(gitlab: GitLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One host for all tests: after each of them it is as before its first deploy, with no record."""
    with playing(tmp_path_factory.mktemp("demo") / "site") as site:
        text = (site.project / "inventory.yml").read_text()
        port = text.partition("port: ")[2].partition(",")[0]
        (site.project / "inventory.yml").write_text(ACCESS.format(url=gitlab.url) + HOST.format(port=port))
        (site.project / ".env").write_text(f"API={API}\n")
        yield site


@pytest.fixture(name="record")
def fixture_record(gitlab: GitLab, site: Site) -> Iterator[Path]:
    """Where the host keeps it. A client was killed once it had created a runner in group 42; its run never began."""
    left = gitlab.runner("glrt-of-nobody")
    left.place, left.settings["description"] = "groups/42", f"docker on demo {MARK}{MARKED}-00ff)"
    _, _, script, *words = state_folder.write_creation_records(
        [CreationRecord("a1", gitlab.url, Place("group", 42), MARKED)]
    )
    subprocess.run(["sh", "-c", script, *words], env=dict(site.environ), check=True, timeout=60)
    record = site.root / "var/lib/runnerops/begun/a1"
    assert record.exists()
    yield record
    gitlab.faults_at = {}
    gitlab.forget_runners()


pytestmark = pytest.mark.usefixtures("no_pauses")


def call(site: Site) -> Invocation:
    output = StringIO()
    return Invocation(
        site.project / "inventory.yml", ["demo"], {"HOME": str(site.folder)}, Screen(out=output, err=output)
    )


def removed(site: Site, *, code: Exit = Exit.OK, dry_run: bool = False, forget: bool = False) -> str:
    """What `remove demo --yes` says."""
    ui = UiOptions(yes=True, as_json=False, verbose=0, dry_run=dry_run)
    invocation = call(site)
    assert remove(invocation, "", Flags({}), ui, forget=forget) is code
    return invocation.screen.out.getvalue()  # type: ignore[attr-defined,no-any-return]


def records(record: Path) -> list[str]:
    return [path.name for path in record.parent.glob("*")]


def test_of_a_host_that_was_never_deployed_what_is_left_goes_without_a_run(
    gitlab: GitLab, site: Site, record: Path
) -> None:
    number = gitlab.created[0].id
    output = removed(site, dry_run=True)
    assert f"→ delete runner {number} in GitLab (an interrupted deploy left it there)" in output
    assert len(gitlab.created) == 1
    output = removed(site, forget=True)
    assert "all records of runs and originals there are deleted" in output
    assert gitlab.created == []
    assert not record.parent.parent.exists()


def test_what_is_left_is_deleted_once_its_host_is_as_before(gitlab: GitLab, site: Site, record: Path) -> None:
    ui = UiOptions(yes=True, as_json=False, verbose=0)
    assert deploy(call(site), Flags({}, only=frozenset({ServiceName.DOCKER})), ui) is Exit.OK
    assert records(record) == ["a1"]
    gitlab.faults_at = {"DELETE /runners/": [Answer(500)] * 9}
    output = removed(site, forget=True, code=Exit.FAILED)
    assert "told to delete runner" in output
    assert not (site.root / "etc/docker/daemon.json").exists()
    assert "the next removal completes it" in output
    assert len(records(record)) == 1, "GitLab may have it still"
    gitlab.faults_at = {}
    status(invocation := call(site), as_json=False, exit_code=False)
    assert "runnerops remove demo deletes what it left" in invocation.screen.out.getvalue()  # type: ignore[attr-defined]
    removed(site, forget=True)
    assert gitlab.created == []
    assert not record.parent.parent.exists()


def test_one_that_is_gone_already_is_forgotten(gitlab: GitLab, site: Site, record: Path) -> None:
    gitlab.discard(gitlab.created[0])
    assert "→ forget that runners were to be created in GitLab (group 42" in removed(site)
    assert records(record) == []
    removed(site, forget=True)


@pytest.mark.parametrize("why", ["no answer", "no access"])
def test_where_gitlab_does_not_tell_the_record_stays_and_nothing_is_forgotten(
    gitlab: GitLab, site: Site, record: Path, why: str
) -> None:
    inventory, access = site.project / "inventory.yml", ACCESS.format(url=gitlab.url)
    if why == "no answer":
        gitlab.faults_at = {"GET /groups": [Answer(500)] * 99}
    else:
        replace(inventory, access, "")
    output = removed(site, forget=True, code=Exit.FAILED)
    assert f"it is not known what an interrupted deploy left in GitLab ({gitlab.url}, group 42)" in output
    assert "its records are not deleted: something is unfinished there (/var/lib/runnerops/begun/a1)" in output
    assert records(record) == ["a1"]
    assert len(gitlab.created) == 1
    if why == "no access":
        inventory.write_text(access + inventory.read_text())
    gitlab.faults_at = {}
    removed(site, forget=True)
    assert gitlab.created == []
