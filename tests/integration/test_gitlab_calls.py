"""Runners are created, listed and deleted by python-gitlab over HTTP on loopback, in a stand-in for GitLab."""

from __future__ import annotations

import pytest

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import PER_PAGE, GitlabClient
from tests.integration.conftest import API
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer

IN_GROUP = {"runner_type": "group_type", "group_id": 42, "description": "one"}


def quick(gitlab: GitLab, token: str = API, seconds: float = 5) -> GitlabClient:
    return GitlabClient(gitlab.url, token, seconds=seconds, sleep=lambda _: None)


def test_a_runner_is_created_listed_and_deleted(gitlab: GitLab) -> None:
    gitlab.paths["groups/team/ci"] = 42
    client = quick(gitlab)
    assert client.number("/groups/team%2Fci") == 42
    created = client.create_runner({**IN_GROUP, "tag_list": ["a", "b"]})
    (made,) = gitlab.created
    assert (created["id"], created["token"], created["token_expires_at"]) == (made.id, made.token, None)
    assert made.settings["tag_list"] == ["a", "b"]
    assert [runner["id"] for runner in client.runners("/groups/team%2Fci/runners", "group_type")] == [made.id]
    assert list(client.runners("/projects/7/runners", "project_type")) == []
    client.delete_runner(made.id)
    assert gitlab.created == []
    client.delete_runner(made.id)  # gone is gone


@pytest.mark.parametrize("many", [PER_PAGE, PER_PAGE + 1])
def test_a_list_of_several_pages_is_read_to_its_end(gitlab: GitLab, many: int) -> None:
    made = [gitlab.runner(f"glrt-{number}") for number in range(many)]
    for runner in made:
        runner.place = "instance"
    listed = quick(gitlab).runners("/runners/all", "instance_type")
    assert [runner["id"] for runner in listed] == [runner.id for runner in made]


@pytest.mark.parametrize(
    ("fault", "made", "expected"),
    [
        (Answer(0), 1, "is not reached"),
        (Answer(500), 1, "status 500"),
        (Answer(201, "<html>"), 1, "does not answer as GitLab's API does"),
        (Answer(403, {"error": "insufficient_scope"}), 1, "the scope `create_runner`"),
        (Answer(401, {}), 1, "write a new one"),
        (Answer(429, {}), 1, ""),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else "",
)
def test_a_creation_is_sent_once_unless_gitlab_did_not_take_it(
    gitlab: GitLab, fault: Answer, made: int, expected: str
) -> None:
    """The stand-in carries out what it is asked before a fault takes the answer's place."""
    gitlab.faults_at = {"POST": [fault]}
    if expected:
        with pytest.raises(GitlabError) as caught:
            quick(gitlab).create_runner(IN_GROUP)
        assert expected in f"{caught.value.message}; {caught.value.hint}"
        assert isinstance(caught.value, GitlabDownError) == (fault.status in {0, 500})
    else:
        quick(gitlab).create_runner(IN_GROUP)
    assert len(gitlab.created) == made


@pytest.mark.parametrize("fault", [Answer(0), Answer(429), Answer(500)], ids=lambda fault: str(fault.status))
def test_a_deletion_may_be_repeated(gitlab: GitLab, fault: Answer) -> None:
    client = quick(gitlab)
    number = client.create_runner(IN_GROUP)["id"]
    gitlab.faults = [fault]
    client.delete_runner(number)
    assert gitlab.created == []


def test_what_the_token_may_not_do_is_named_with_the_scope(gitlab: GitLab) -> None:
    for ask, scope in (
        (lambda: list(quick(gitlab).runners("/groups/42/runners", "group_type")), "`read_api`"),
        (lambda: quick(gitlab).number("/groups/team%2Fci"), "`read_api`"),
        (lambda: quick(gitlab).delete_runner(1), "`manage_runner`"),
    ):
        gitlab.faults = [Answer(403, {"error": "insufficient_scope"})]
        with pytest.raises(GitlabError) as caught:
            ask()
        assert scope in caught.value.hint
