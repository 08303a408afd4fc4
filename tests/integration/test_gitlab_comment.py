"""`runnerops gitlab comment` over HTTP on loopback: it writes one note, replaces its own, and works without a token.

GitLab is a stand-in that answers as its documentation of the notes API says. No real GitLab is used.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from runnerops.commands.gitlab import gitlab
from runnerops.errors import GitlabError, UsageError
from runnerops.gitlab.notes import MergeRequest, put_note
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import Answer

TOKEN, JOB = "glpat-canary-of-the-project", "glcbt-canary-of-the-job"
PATH = "/api/v4/projects/7/merge_requests/3/notes"
PAGE = 2
"""Notes that one answer holds, fewer than are asked for: the others are asked for too."""


class Site:
    """The stand-in, and a job of a pipeline of merge request 3."""

    def __init__(self, gitlab: GitLab, folder: Path) -> None:
        self.gitlab = gitlab
        self.there = gitlab.merge_request
        self.there.page = PAGE
        self.url = gitlab.url
        self.plan = folder / "plan.md"
        self.plan.write_text("### runnerops: 1 host\n")
        self.said = ""

    @property
    def notes(self) -> dict[int, str]:
        """By their numbers."""
        return self.there.notes

    def comment(self, **environ: str) -> Exit:
        given = {
            "CI_SERVER_URL": self.url,
            "CI_PROJECT_ID": "9",  # the fork's
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "3",
            "CI_JOB_NAME": "diff",
            "CI_JOB_URL": "https://gitlab.example.com/j/1",
            "CI_COMMIT_SHA": "ab" * 20,
            **environ,
        }
        out = StringIO()
        try:
            return gitlab("comment", self.plan, given, Screen(out=out, err=out))
        finally:
            self.said = out.getvalue()


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path) -> Iterator[Site]:
    with open_gitlab() as gitlab:
        gitlab.api_tokens.add(TOKEN)
        yield Site(gitlab, tmp_path)


def test_one_note_that_is_put_in_place_of_its_own(site: Site) -> None:
    site.notes.update({1: "hello", 2: "<!-- runnerops: another job -->\nx", 3: "world"})
    site.plan.write_text("### runnerops: 1 host\nglpat-" + "a" * 20 + "\n")
    assert site.comment(GITLAB_TOKEN=TOKEN) is Exit.OK
    assert "wrote the note on merge request !3" in site.said
    assert site.notes[4].startswith("<!-- runnerops: diff -->\n### runnerops: 1 host\n********\n")
    assert f"of commit {'ab' * 6}, [its job](https://gitlab.example.com/j/1)" in site.notes[4]
    site.plan.write_text("### runnerops: 2 hosts\n")
    assert site.comment(GITLAB_TOKEN=TOKEN) is Exit.OK
    assert "updated" in site.said
    assert len(site.notes) == 4
    assert "2 hosts" in site.notes[4]


def test_a_token_may_be_a_variable_of_type_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    site.comment(GITLAB_TOKEN=str(tmp_path / "token"), GITLAB_CI="true")
    assert len(site.notes) == 1


def test_a_note_of_somebody_else_stays_and_another_is_written(site: Site) -> None:
    site.notes[1] = "<!-- runnerops: diff -->\nby a token of before"
    site.there.foreign = {1}
    site.comment(GITLAB_TOKEN=TOKEN)
    assert site.notes[1].endswith("before")
    assert len(site.notes) == 2


def test_a_note_of_a_token_of_before_does_not_hide_our_own(site: Site) -> None:
    site.notes[1] = "<!-- runnerops: diff -->\nby a token of before"
    site.there.foreign = {1}
    for _ in range(3):
        site.comment(GITLAB_TOKEN=TOKEN)
    assert len(site.notes) == 2
    assert "updated" in site.said


@pytest.mark.parametrize(
    ("foreign", "keeps", "numbers", "says"),
    [(set(), False, {1, 2}, "updated"), ({2}, False, {1, 2, 3}, "wrote"), (set(), True, {1, 2, 3}, "updated")],
    ids=["ours", "somebody else's", "may not be removed"],
)
def test_of_two_jobs_that_comment_for_the_first_time_at_once_the_earlier_note_stays(
    foreign: set[int], keeps: bool, numbers: set[int], says: str, site: Site
) -> None:
    site.notes[1] = "hello"
    site.there.foreign, site.there.keeps = foreign, keeps
    site.there.beside = ["<!-- runnerops: diff -->\nof the job beside"]
    site.comment(GITLAB_TOKEN=TOKEN)
    assert site.notes.keys() == numbers
    assert says in site.said
    assert ("1 host" in site.notes[2]) is not bool(foreign)
    site.comment(GITLAB_TOKEN=TOKEN)
    assert site.notes.keys() == numbers


def test_what_is_no_gitlab_or_cannot_be_a_token_is_told_in_words(site: Site, tmp_path: Path) -> None:
    answers: list[tuple[int, str, dict[str, str], str]] = [
        (200, "<html>", {}, "does not answer as GitLab's API does"),
        (200, '{"a": 1}', {}, "does not answer as GitLab's API does"),
        (200, "[1]", {}, "does not answer as GitLab's API does"),
        (429, "{}", {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}, "does not answer as GitLab's API does"),
        (302, "", {"Location": f"{site.url}{PATH}"}, "redirects"),
    ]
    for status, text, headers, says in answers:
        site.gitlab.faults = [Answer(status, text, headers)] * 20
        with pytest.raises(GitlabError, match=says):
            site.comment(GITLAB_TOKEN=TOKEN)
    site.gitlab.faults = []
    for given, says in (
        ({"GITLAB_TOKEN": f"{TOKEN} {TOKEN}"}, "its token has"),
        ({"GITLAB_TOKEN": f"{TOKEN}é"}, "its token has"),
        ({"GITLAB_TOKEN": TOKEN, "CI_SERVER_TLS_CA_FILE": str(tmp_path / "no.pem")}, "there is no file"),
    ):
        with pytest.raises(GitlabError, match=says) as caught:
            site.comment(**given)
        assert "canary" not in caught.value.message + caught.value.hint


def test_without_a_token_that_may_it_says_so_and_goes_on(site: Site) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "there is no token"),
        ({"CI_JOB_TOKEN": JOB}, "the job's own token may not write notes here"),
        ({"CI_MERGE_REQUEST_IID": "", "GITLAB_TOKEN": TOKEN}, "this is not a pipeline of a merge request"),
    ]
    for environ, says in cases:
        assert site.comment(**environ) is Exit.OK
        assert f"nothing was commented: {says}" in site.said
    assert site.notes == {}


def test_a_token_that_was_given_and_may_not_is_an_error_that_quotes_nothing(site: Site) -> None:
    for status, lacks in ((401, "expired"), (403, "the scope `api`"), (404, "of this project"), (500, "log")):
        site.gitlab.faults = [Answer(status, {"message": "no: glpat-canary-wrong"})]
        with pytest.raises(GitlabError) as caught:
            site.comment(GITLAB_TOKEN="glpat-canary-wrong")
        assert f"status {status}" in caught.value.message
        assert lacks in caught.value.hint
        assert "canary" not in caught.value.message + caught.value.hint
        assert caught.value.exit is Exit.FAILED
    with pytest.raises(GitlabError, match="is not reached"):
        site.comment(GITLAB_TOKEN=TOKEN, CI_SERVER_URL="http://127.0.0.1:1")


def test_one_that_never_answers_is_not_waited_for_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(GitlabError, match="does not answer within 1 s"):
            put_note(MergeRequest(url, "7", "3", TOKEN), "<!-- x -->", "<!-- x -->", 1.0)


def test_what_is_no_file_or_nothing_to_do_is_usage(site: Site, tmp_path: Path) -> None:
    screen = Screen(out=StringIO(), err=StringIO())
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_bytes(b"\n")
    for action, file in (
        ("note", site.plan),
        ("comment", tmp_path),
        ("comment", tmp_path / "no"),
        ("comment", tmp_path / "binary"),
        ("comment", tmp_path / "empty"),
    ):
        with pytest.raises(UsageError):
            gitlab(action, file, {}, screen)
