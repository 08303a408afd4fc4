"""`runnerops gitlab comment`: writes a plan of `diff --report` as the only note of this job on its merge request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit, Secret, SourceLocation
from runnerops.reading import read_text
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver

if TYPE_CHECKING:
    from runnerops.gitlab.notes import MergeRequest

ACTIONS = ("comment",)


def gitlab(action: str, file: Path, environ: Mapping[str, str], screen: Screen) -> Exit:
    """Exit 0, also if there is no merge request or no token, or if the job's token may not write notes. This is reported."""
    if action not in ACTIONS:
        raise UsageError(f"gitlab: {action!r} is not an action", f"write one of: {', '.join(ACTIONS)}")
    text = screen.redactor.text(_read(file))
    merge_request = _merge_request(environ, screen)
    if merge_request is None:
        return Exit.OK
    from runnerops.gitlab.notes import LONGEST, MayNotError, put_note

    marker = _marker(environ)
    body = f"{marker}\n{text}\n{_footer(environ)}\n"
    if len(body) > LONGEST:
        raise RunneropsError(
            f"{file}: a note takes {LONGEST} characters, and this would have {len(body)}",
            "the Markdown of `runnerops diff --report` always fits",
        )
    screen.redactor.learn([merge_request.token])
    try:
        was_there = put_note(merge_request, marker, body)
    except MayNotError as error:
        if not merge_request.job:
            raise
        _nothing(screen, "the job's own token may not write notes here", error.hint)
        return Exit.OK
    screen.say(f"{'updated' if was_there else 'wrote'} the note on merge request !{merge_request.iid}", "good")
    return Exit.OK


def _merge_request(environ: Mapping[str, str], screen: Screen) -> MergeRequest | None:
    iid = environ.get("CI_MERGE_REQUEST_IID", "")
    project = environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", "")
    url = environ.get("CI_SERVER_URL", "")
    if not (iid and project and url):
        _nothing(screen, "this is not a pipeline of a merge request", "")
        return None
    own_token = _given_token(environ)
    token = own_token or environ.get("CI_JOB_TOKEN", "")
    from runnerops.gitlab.notes import GIVE, MergeRequest

    if not token:
        _nothing(screen, "there is no token", GIVE)
        return None

    return MergeRequest(url, project, iid, token, job=not own_token, ca_file=environ.get("CI_SERVER_TLS_CA_FILE", ""))


def _given_token(environ: Mapping[str, str]) -> str:
    """The content of `GITLAB_TOKEN`, or of its file for a variable of type *file*. Raises SecretError if it cannot be read or
    is empty.
    """
    if not environ.get("GITLAB_TOKEN"):
        return ""
    resolver = Resolver(environ, Path())
    token = resolver.resolve(Secret("env", "GITLAB_TOKEN", SourceLocation("the environment", 0, 0)))
    resolver.check()
    return token


def _nothing(screen: Screen, why: str, hint: str) -> None:
    screen.say(f"nothing was commented: {why}", "warn")
    if hint:
        screen.say(f"  hint: {hint}")


def _marker(environ: Mapping[str, str]) -> str:
    """The HTML comment by which the note is found again. It has the job's name, so that several inventories have separate
    notes.
    """
    name = re.sub(r"[^A-Za-z0-9_.: -]|-(?=-)", "", environ.get("CI_JOB_NAME", "")) or "plan"
    return f"<!-- runnerops: {name} -->"


def _footer(environ: Mapping[str, str]) -> str:
    commit = re.sub(r"[^0-9a-f]", "", environ.get("CI_COMMIT_SHA", ""))[:12]
    url = environ.get("CI_JOB_URL", "")
    parts = [f"of commit {commit}"] if commit else []
    parts += [f"[its job]({url})"] if re.fullmatch(r"https?://[^\s()<>]+", url) else []
    return f"\n{', '.join(parts)}" if parts else ""


def _read(file: Path) -> str:
    try:
        text = read_text(file)
        problem = "" if text.strip() else "there is nothing in it"
    except (OSError, UnicodeDecodeError) as error:
        text, problem = "", (error.strerror or "") if isinstance(error, OSError) else "this is not UTF-8"
    if problem:
        raise UsageError(f"{file}: {problem}", "`runnerops diff --report markdown=FILE` writes the file to name here")
    return text
