"""The GitLab that a host's runners belong to, and the settings that they shall have there. Pure."""

from __future__ import annotations

import os.path
from pathlib import Path

from runnerops.inventory.keys.shape import RunnerSettingsShape, RunnerShape
from runnerops.inventory.layers.drafts import RUNNERS, Draft
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.gitlab import SETTINGS, GitlabAccess, Place, Setting

KEEP = "keep"
"""The value of `token` that says that the host keeps its token."""
_ACCESS = "gitlab: {url: https://gitlab.example.com, token: !env GITLAB_TOKEN}"


def gitlab_access(draft: Draft, directory: Path, problems: Problems) -> GitlabAccess | None:
    """The `gitlab` section of the host. Its paths are relative to `directory`."""
    shape = draft.shape.gitlab
    if shape is None:
        return None
    if not shape.url:
        place = dotted(("hosts", draft.name, "gitlab"))
        problems.add(draft.location("gitlab"), place, "has no url", "write url: https://gitlab.example.com")
        return None
    ca_file = os.path.expanduser(shape.ca_file or "")
    return GitlabAccess(shape.url, shape.token, str(directory / ca_file) if ca_file else "")


def gitlab_settings(draft: Draft, problems: Problems) -> dict[str, dict[str, Setting]]:
    """The settings that each runner shall have in GitLab, by its name. Runners without such settings are left out."""
    section = draft.shape.gitlab_runner
    by_runner: dict[str, dict[str, Setting]] = {}
    for index, runner in enumerate((section.runners if section else None) or ()):
        settings = _settings(runner.gitlab) if runner.gitlab else {}
        if runner.gitlab and _places(runner.gitlab):
            settings = {"description": runner.name, **settings}
        if not settings:
            continue
        by_runner[runner.name] = settings
        key = (*RUNNERS, index, "gitlab")
        if obstacle := _obstacle(draft, runner, settings):
            problems.add(draft.location(*key), dotted(("hosts", draft.name, *key)), *obstacle)
    return by_runner


def gitlab_places(draft: Draft, problems: Problems) -> dict[str, Place]:
    """Where each runner is created, by its name. Runners without a place are left out."""
    section = draft.shape.gitlab_runner
    by_runner: dict[str, Place] = {}
    for index, runner in enumerate((section.runners if section else None) or ()):
        places = _places(runner.gitlab) if runner.gitlab else []
        if not places:
            continue
        by_runner[runner.name] = places[0]
        key = (*RUNNERS, index, "gitlab")
        where = dotted(("hosts", draft.name, *key))
        if len(places) > 1:
            kinds = " and ".join(place.kind for place in places)
            problems.add(draft.location(*key), where, f"has {kinds}", "a runner is created in one place: name only one")
        if runner.other_keys.get("token", KEEP) != KEEP:
            text = f"says where it is created ({places[0].kind}), and its token is given too"
            problems.add(draft.location(*key), where, text, "take one of the two out")
    return by_runner


def _places(shape: RunnerSettingsShape) -> list[Place]:
    group = [Place("group", shape.group)] if shape.group else []
    project = [Place("project", shape.project)] if shape.project else []
    return [*group, *project, *([Place("instance")] if shape.instance else [])]


def _settings(shape: RunnerSettingsShape) -> dict[str, Setting]:
    values = {key: getattr(shape, key) for key in SETTINGS}
    return {
        key: tuple(sorted(set(value))) if isinstance(value, list) else value
        for key, value in values.items()
        if value is not None
    }


def _obstacle(draft: Draft, runner: RunnerShape, settings: dict[str, Setting]) -> tuple[str, str] | None:
    """Why the settings cannot be set, and the fix."""
    from runnerops.services.gitlab_runner.diff.matching import normal_url  # noqa: PLC0415  few inventories have it

    access, url = draft.shape.gitlab, runner.other_keys.get("url")
    section = draft.shape.gitlab_runner
    runners = (section.runners if section else None) or ()
    if runner.called is not None or any(other_runner.called == runner.name for other_runner in runners):
        return (
            "needs a runner with a unique name in config.toml, by which it is found",
            "take `called` out of those that share it: a deploy gives each its name",
        )
    if access is None:
        return (
            "this needs a `gitlab` section that names the GitLab",
            f"write it into the host, a group or the defaults: {_ACCESS}",
        )
    if access.url and not access.token:
        return "needs a token of GitLab's API", f"give one with the scope manage_runner: {_ACCESS}"
    if isinstance(url, str) and access.url and normal_url(url) != normal_url(access.url):
        return f"its runner is of {url}, and `gitlab` is {access.url}", "settings can be set in that one GitLab only"
    if settings.get("tags") == () and settings.get("run_untagged") is False:
        return "a runner without tags must run untagged jobs", "give it tags, or run_untagged: true"
    return None
