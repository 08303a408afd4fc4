"""The volumes of the Docker executors, as gitlab-runner reads them before Docker does. Pure.

Source: `linux_parser.go` and `windows_parser.go` of gitlab-runner's `executors/docker/internal/volumes/parser`, 13.0 to
19.3. Which of them is used depends on the system of the Docker daemon, so what either accepts is accepted.
"""

from __future__ import annotations

import re
from posixpath import normpath

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.version import Version

_JOBS = "every job would fail"
_PARTS = r"[^\\/:*?\"<>|\r\n]+"
_FOLDER = rf"/(?:{_PARTS}/?)*"
_LINUX = late_pattern(
    rf"(?:(?:{_FOLDER}|{_PARTS}):)?{_FOLDER}(?::(?:ro|rw|o))?(?:[:,]z)?(?:[:,]r?(?:shared|slave|private))?",
    re.IGNORECASE,
)
_SPACE = late_pattern(r"/[^:]* ")
_SPACES_SINCE = (19, 3)
_PIPE = r"[/\\]{2}\.[/\\]pipe[/\\][^:*?\"<>|\r\n]+"
_DRIVE = r"(?:\\\\\?\\)?[a-z]:"
_WINDOWS = late_pattern(
    rf"(?:(?:{_DRIVE}[\\/](?:{_PARTS}[\\/]?)*|{_PARTS}|{_PIPE}):)?"
    rf"(?:{_DRIVE}(?:[\\/][^\\/:*?\"<>\r\n]+)*[\\/]?|{_PIPE})(?::r[ow])?",
    re.IGNORECASE,
)


def volumes(runner: Tree, key: Key, version: Version) -> Found:
    """Checks each volume of `[runners.docker]` of the runner at `key`."""
    docker = runner.get("docker")
    volume_list = docker.get("volumes") if isinstance(docker, dict) else None
    targets: set[str] = set()
    for index, volume in enumerate(volume_list if isinstance(volume_list, list) else ()):
        place: Key = (*key, "docker", "volumes", index)
        if not isinstance(volume, str):
            continue
        if problem := _problem(volume):
            yield "R015", "error", place, f"{problem[0]}: {_JOBS}", problem[1]
        elif (target := _target(volume)) == "/":
            yield "R015", "error", place, f"must not be the root of the container: {_JOBS}", "write /HOST:/CONTAINER"
        elif target in targets:
            text = f"is mounted at {target}, as a volume before it: {_JOBS}"
            yield "R015", "error", place, text, "keep one of the two"
        elif target:
            targets.add(target)
            if _SPACE.search(volume) and version < _SPACES_SINCE:
                text = f"has a path with a space, which runners before 19.3 do not accept: {_JOBS}"
                yield (
                    "R015",
                    "error" if version else "warning",
                    place,
                    text,
                    "upgrade gitlab-runner, or write another path",
                )


def _target(text: str) -> str:
    """The path in the container. The runner compares these paths itself, before Docker does. Empty if that path has a
    variable of the job, or is one of Windows.
    """
    parts = text.split(":")
    path = normpath(parts[1] if len(parts) > 1 else parts[0])
    return path if path.startswith("/") and "$" not in text and "\\" not in text else ""


def _problem(text: str) -> tuple[str, str] | None:
    """Why neither parser accepts a volume, and what to write; None if one does, or if it may be a variable."""
    if text and ("$" in text or _LINUX.fullmatch(text) or _WINDOWS.fullmatch(text)):
        return None
    host, *rest = text.split(":")
    target = rest[0] if rest else ""
    sign = re.search(r'[\\*?"<>|\r\n]', text)
    fix = "write /HOST:/CONTAINER"
    drive = re.match(rf"{_DRIVE}[\\/]", text, re.IGNORECASE)
    elsewhere = "/" in host and not host.startswith("/")
    problems: tuple[tuple[object, str, str], ...] = (
        (not text, "is empty", "take it out"),
        (drive, "has a path of Windows on one side only", f"{fix}, or paths of Windows on both sides"),
        (sign, f"must not contain {sign[0]!r}" if sign else "", fix),
        (not rest, "must be an absolute path", fix),
        (not target.startswith("/"), "the path in the container must be absolute", fix),
        (elsewhere, "the path on the host must be absolute, or the name of a volume", fix),
        (not host, "has no path on the host, and no name of a volume", f"{fix}, or write only {target}"),
    )
    last = "ends with an option that the runner does not know, or in another order than ro,z"
    return next(((problem, do) for wrong, problem, do in problems if wrong), (last, f"{fix}, or /HOST:/CONTAINER:ro"))
