"""`runnerops check`: what can be known without a host, of the inventory and all it renders, or of single files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from runnerops import inventory
from runnerops.engine.project import learn_secrets, open_project
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit, ServiceName
from runnerops.model.inventory import FileSpec, Format, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.lint_file import lint_file
from runnerops.redact import Redactor
from runnerops.report.document import VERSION, finding_document
from runnerops.report.screen import Screen
from runnerops.report.text import finding_lines
from runnerops.services.base import ParseError

KINDS: Mapping[str, tuple[ServiceName, str, Format]] = {
    "runner": (ServiceName.GITLAB_RUNNER, "config.toml.j2", "toml"),
    "daemon": (ServiceName.DOCKER, "daemon.json.j2", "json"),
    "registry": (ServiceName.REGISTRY, "registry-config.yml.j2", "yaml"),
    "compose": (ServiceName.REGISTRY, "docker-compose.yml.j2", "yaml"),
}


def check(
    path: Path,
    files: Sequence[str],
    kind: str,
    environ: Mapping[str, str],
    screen: Screen,
    *,
    strict: bool,
    as_json: bool,
) -> Exit:
    """Exit 1 for a finding of severity error, with `strict` for a warning too."""
    if kind and kind not in KINDS:
        raise UsageError(f"--as: {kind!r} is no kind of file", f"the kinds are {', '.join(KINDS)}")
    if files:
        found = [finding for name in files for finding in _check_file(name, kind, screen.redactor)]
        what = f"{len(files)} file{'s' if len(files) != 1 else ''}"
    else:
        loaded = inventory.load(path)
        project = open_project(loaded, inventory.select(loaded, ()), environ, screen.redactor, secrets_may_miss=True)
        found = list(
            dict.fromkeys(finding for each in (*project.findings.values(), project.without) for finding in each)
        )
        count = len(project.hosts)
        what = f"{count} host{'s' if count != 1 else ''}"
    _show(found, what, screen, as_json=as_json)
    bad = {"error", "warning"} if strict else {"error"}
    return Exit.FAILED if any(finding.severity in bad for finding in found) else Exit.OK


def _show(found: Sequence[Finding], what: str, screen: Screen, *, as_json: bool) -> None:
    if as_json:
        screen.json({"version": VERSION, "findings": [finding_document(finding) for finding in found]})
        return
    for finding in found:
        screen.lines(finding_lines(finding))
    errors = sum(finding.severity == "error" for finding in found)
    warnings = sum(finding.severity == "warning" for finding in found)
    style = "bad" if errors else "warn" if warnings else "good"
    screen.data(f"{what} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}", style)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def _check_file(name: str, kind: str, redactor: Redactor) -> tuple[Finding, ...]:
    spec, content = _spec(name, kind), _read(name)
    with suppress(ParseError):  # of a file that cannot be read nothing is shown
        learn_secrets(redactor, frozenset(), [RenderedFile(spec, content)])
    return lint_file(spec, content)


def _spec(name: str, kind: str) -> FileSpec:
    kind = kind or _kind_of(PurePath(name).name)
    if not kind:
        raise UsageError(f"{name}: the name does not tell what the file is", f"say it with --as {'|'.join(KINDS)}")
    service, template, form = KINDS[kind]
    return FileSpec(service, name, template, form)


def _kind_of(name: str) -> str:
    if name.endswith(".toml"):
        return "runner"
    if name.endswith(".json"):
        return "daemon"
    if name.endswith((".yml", ".yaml")):
        return "compose" if "compose" in name else "registry"
    return ""


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise RunneropsError(
            f"{name}: {error.strerror}", "name a file that can be read, or - for standard input"
        ) from None
