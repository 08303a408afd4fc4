"""Tokens that GitLab has replaced and that config.toml does not have yet: which one they replace, and what brings them
there.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import Tree
from runnerops.model.host_state import HostState, RemoteFile, SecretFingerprints, fingerprint, sha256
from runnerops.model.inventory import Original, Policy, Requester
from runnerops.planning.plan import make_plan
from runnerops.planning.rotate import RotationPlanner, edited_by_hand
from runnerops.services.base import RemovalRequest
from runnerops.services.gitlab_runner.format import PATH, parse, runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.reconcile.remove import remove
from runnerops.services.gitlab_runner.reconcile.tokens import names_of
from runnerops.services.gitlab_runner.rotation import FOLDER, digest_of, pending, rotated, tidied, with_rotated
from runnerops.services.gitlab_runner.status import status
from tests.unit.services import runner_builders as build

OLD, NEW, NEWER = (f"glrt-{letter * 20}" for letter in "onx")
NEVER = "0001-01-01T00:00:00Z"


def with_kept_tokens(observed: HostState, **by_old: str) -> HostState:
    """With what the host keeps of rotations: of each old token the text of its file."""
    files = {
        f"{FOLDER}/{digest_of(old)}/config.toml": RemoteFile("", "file", text.encode()) for old, text in by_old.items()
    }
    return replace(observed, files={**observed.files, **files})


def gave(token: str, *lines: str) -> str:
    return "\n".join(
        ("[[runners]]", '  name = "rotated"', f'  token = "{token}"', *(f"  {line}" for line in lines), "")
    )


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        (gave(NEW), {"token": NEW}),
        (gave(NEW, "id = 7", f"token_expires_at = {NEVER}"), {"id": 7, "token": NEW}),
        (gave(NEW, "id = 0", 'url = "x"', "limit = 2"), {"token": NEW}),
        (gave(OLD), None),
        (gave(""), None),
        ("", None),
        ("[[runners]\n", None),
    ],
)
def test_what_a_kept_file_gives(text: str, gives: Tree | None) -> None:
    observed = with_kept_tokens(build.observed(build.config(build.runner(token=OLD))), **{OLD: text})
    assert rotated(observed) == ({digest_of(OLD): gives} if gives else {})
    assert pending(observed) == (("one",) if gives else ())


def test_it_takes_the_old_tokens_place_with_its_dates_and_nothing_elses() -> None:
    dated = build.runner(token=OLD, id=7, token_obtained_at="a", token_expires_at="b", limit=3)
    tree = build.config(dated, build.runner(name="two", token=NEWER))
    assert with_rotated(tree, {}) is tree
    runner, two = runners_of(with_rotated(tree, {digest_of(OLD): {"token": NEW}, digest_of(NEW): {"token": "last"}}))
    assert runner == {**{key: dated[key] for key in dated if not key.startswith("token")}, "token": "last"}
    assert two["token"] == NEWER


def having(content: bytes) -> HostState:
    return replace(build.observed(None), files={PATH: RemoteFile(PATH, "file", content, "0600", "root:root")})


def rotating(observed: HostState) -> RotationPlanner:
    return RotationPlanner(build.HOST, observed, Policy(), Requester("me", "here"))


def test_the_second_run_changes_the_token_alone_and_forgets_what_was_kept() -> None:
    observed = having(b"# ours\n\n" + to_toml(build.config(build.runner(token=OLD, limit=3))).encode())
    plan = make_plan(rotating(with_kept_tokens(observed, **{OLD: gave(NEW)})).request())
    (change,) = plan.changes
    assert [key_change.key[2:] for key_change in change.key_changes] == [("token",)]
    assert (change.new.content or b"").startswith(b"# ours\n")
    assert runners_of(parse(change.new.content or b""))[0]["token"] == NEW
    assert (change.new.spec.mode, change.new.spec.owner) == (change.old.mode, change.old.owner)
    assert plan.forward[-1].args[1:] == ("rm", "-rf", FOLDER)
    assert not any(token in word for step in plan.forward for word in step.args for token in (OLD, NEW))


def test_the_first_run_leaves_what_the_host_has_on_record_and_its_file_as_it_is() -> None:
    content = to_toml(build.config(build.runner(token=OLD))).encode()
    observed = having(content)
    observed = replace(observed, applied={PATH: sha256(content)}, base={PATH: content})
    planner = rotating(observed)
    runner = runners_of(parse(content))[0]
    rest = make_plan(planner.with_stand_in_token(runner).request())
    plan = planner.first_run("one", runner, rest)
    assert (plan.applied, plan.contents, plan.rollback) == (observed.applied, {PATH: "same.1"}, ())
    assert plan.files["same.1"] == content
    assert {step.verb for step in plan.forward} == {"guard", "run"}
    assert not any(OLD in word for step in plan.forward for word in step.args)
    assert planner.first_run("one", runner, rest, {"token": NEW}).digest != plan.digest


def test_status_says_that_a_runner_waits_for_it() -> None:
    host_state = build.observed(build.config(build.runner(token=OLD)))
    for observed, well in ((host_state, True), (with_kept_tokens(host_state, **{OLD: gave(NEW)}), False)):
        service_status = status(build.HOST, observed, {})
        assert service_status
        assert service_status.healthy is well
        assert any("a deploy writes it" in text for text in service_status.details) is not well
        assert not any(token in repr(service_status) for token in (OLD, NEW))


def test_an_edit_by_hand_is_not_taken_for_ours() -> None:
    content = to_toml(build.config(build.runner(token=OLD))).encode()
    edited = to_toml(build.config(build.runner(token=OLD, limit=9))).encode()
    host_state = having(edited)
    for base, codes in ((content, ["modified-on-host"]), (edited, [])):
        observed = replace(host_state, applied={PATH: sha256(base)}, base={PATH: base}, since=1)
        plan = make_plan(rotating(with_kept_tokens(observed, **{OLD: gave(NEW)})).request())
        assert [blocker.code for blocker in edited_by_hand(plan)] == codes


def test_a_deploy_brings_it_whether_the_inventory_gives_the_old_token_or_none() -> None:
    tree = build.config(build.runner(token=OLD))
    host_state = with_kept_tokens(build.observed(tree), **{OLD: gave(NEW)})
    key = "00" * 32
    (name,) = names_of(runners_of(tree))
    observed = replace(host_state, secret_fingerprints=SecretFingerprints(key, {name: fingerprint(key, OLD)}))
    for wanted in (build.config(build.runner(token=None)), tree):
        desired, blockers, _ = build.reconcile(wanted, observed)
        assert [runner["token"] for runner in desired["runners"]] == [NEW]
        assert not blockers
    swapped = with_kept_tokens(build.observed(build.config(build.runner(token=NEW))), **{OLD: gave(NEW)})
    desired, _, content = build.reconcile(build.config(build.runner(token=None)), swapped)
    assert content == swapped.file(PATH).content  # what a run left there that was cut off at its very end


def test_what_is_kept_goes_only_where_the_file_has_it_after_the_run() -> None:
    """E.g. not with a restart of Docker alone, around which the runner is stopped and started with its file as it is."""
    before, after = (to_toml(build.config(build.runner(token=token))).encode() for token in (OLD, NEW))
    observed = with_kept_tokens(having(before), **{OLD: gave(NEW)})
    assert not list(tidied(observed, before))
    assert [step.args[1:] for step in tidied(observed, after)] == [("rm", "-rf", FOLDER)]
    assert not list(tidied(having(before), after))


def test_a_removal_gives_back_the_file_of_before_with_the_token_that_counts() -> None:
    first, now = (build.config(build.runner(token=OLD, limit=limit)) for limit in (1, 3))
    observed = with_kept_tokens(having(to_toml(now).encode()), **{OLD: gave(NEW, "id = 7")})
    original = Original(to_toml(first).encode(), "0600", "root:root")
    removal = remove(RemovalRequest(build.HOST, {PATH}, {PATH: original}, observed, Policy()))
    assert removal
    (file,) = removal.desired
    (runner,) = runners_of(parse(file.content or b""))
    assert (runner["token"], runner["id"], runner["limit"]) == (NEW, 7, 1)
    assert not removal.blockers
