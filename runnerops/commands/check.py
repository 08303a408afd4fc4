"""`runnerops check`: finds what is wrong in the inventory and the files that it renders, or in single files, without a host."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from runnerops.commands.reports import ReportFile, keys_by_place, relative_to, repository_root, write_reports
from runnerops.engine.learning import learn_secrets
from runnerops.errors import InventoryError, RunneropsError, TemplateError, UsageError
from runnerops.frozen import frozen
from runnerops.model.common import Exit, ServiceName, SourceLocation, value_at
from runnerops.model.inventory import FileSpec, Format, RenderedFile
from runnerops.model.plan import Finding
from runnerops.patterns import late_pattern
from runnerops.planning.lint.file import by_line, decode, lint_file, with_places_in
from runnerops.redact import Redactor
from runnerops.report.checked import checked_line, merge_missing_secrets
from runnerops.report.document import VERSION, finding_document
from runnerops.report.screen import Screen
from runnerops.report.text import finding_lines
from runnerops.secrets import Resolver
from runnerops.secrets.commands import Once
from runnerops.services.base import ParseError

if TYPE_CHECKING:
    from runnerops.inventory.sources import Where

KINDS: Mapping[str, tuple[ServiceName, str, Format]] = {
    "runner": (ServiceName.GITLAB_RUNNER, "config.toml.j2", "toml"),
    "daemon": (ServiceName.DOCKER, "daemon.json.j2", "json"),
    "registry": (ServiceName.REGISTRY, "registry-config.yml.j2", "yaml"),
    "compose": (ServiceName.REGISTRY, "docker-compose.yml.j2", "yaml"),
}

_TOP_KEY = late_pattern(rb"(?m)^(?:\xef\xbb\xbf)?(?:\{ *)?[\"']?([a-z]+)[\"']? *:")
_OF_COMPOSE = {b"services", b"include", b"networks", b"volumes", b"secrets", b"configs", b"models"}
"""Top-level keys of Compose files that a registry's configuration does not have."""
_LARGEST = 4 << 20
"""The largest file that is checked, in bytes. The largest that we know of has a hundredth of it."""
_INVENTORY = "inventory"
"""Not a kind of file: an inventory that was named as if it were one."""


@frozen
class _Checked:
    """What was looked at (`noun`: host or file) and found in each; `beside`: what was found in none of them."""

    noun: str
    by_name: Mapping[str, Sequence[Finding]]
    beside: Sequence[Finding] = ()

    @property
    def findings(self) -> list[Finding]:
        """Each finding once, however many hosts have it. If it is about runners of different names, it has no name."""
        names: dict[Finding, set[str]] = {}
        for finding in (finding for each in (*self.by_name.values(), self.beside) for finding in each):
            names.setdefault(replace(finding, name=""), set()).add(finding.name)
        once = (replace(finding, name=min(of) if len(of) == 1 else "") for finding, of in names.items())
        return sorted(once, key=lambda item: bool(item.ignored))


@frozen
class CheckOptions:
    """The flags of a check. `kind`: of the files, if their names do not tell it; `strict`: warnings are errors too.

    `reports` are written whatever was found.
    """

    kind: str = ""
    strict: bool = False
    as_json: bool = False
    reports: Sequence[ReportFile] = ()


_NO_OPTIONS = CheckOptions()


def check(
    path: Where,
    files: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    options: CheckOptions = _NO_OPTIONS,
) -> Exit:
    """Exit 1 if there is a finding of severity error, or with `strict` a warning."""
    kind = options.kind
    if kind and kind not in KINDS:
        raise UsageError(f"--as: {kind!r} is not a kind of file", f"the kinds are {', '.join(KINDS)}")
    if kind and not files:
        raise UsageError(f"--as {kind}: there is no file", "name the files, or - for standard input")
    bad = {"error", "warning"} if options.strict else {"error"}
    wanted = _Reports(options.reports, bad, environ, screen.redactor)
    try:
        checked = (
            _Checked("file", {name: _check_file(name, kind, environ, screen.redactor) for name in files})
            if files
            else _check_inventory(path, environ, screen)
        )
    except (InventoryError, TemplateError) as error:
        if options.reports:
            from runnerops.inventory import name_of

            wanted.write(_Checked("host", {}, _broken(error, name_of(path))), path)
        raise
    _show(checked, screen, as_json=options.as_json)
    if options.reports:
        wanted.write(checked, Path(files[0]) if files else path)
    return Exit.FAILED if any(finding.severity in bad for finding in checked.findings) else Exit.OK


def _check_inventory(path: Where, environ: Mapping[str, str], screen: Screen) -> _Checked:
    from runnerops import inventory  # a single file needs none of these
    from runnerops.engine.project import open_project

    loaded = inventory.load(path)
    project = open_project(
        loaded,
        inventory.select(loaded, ()),
        Resolver(environ, loaded.folder, Once(say=partial(screen.say, style="dim"))),
        screen.redactor,
        allow_missing_secrets=True,
    )
    return _Checked(
        "host", {host.name: project.findings[host.name] for host in project.hosts}, project.project_findings
    )


def _broken(error: RunneropsError, path: str) -> list[Finding]:
    """The problems of an inventory or a template that cannot be read, as findings with places, for reports."""
    problems = error.problems or ((SourceLocation(path, 1, 1), error.message, error.hint),)
    return [Finding("P003", "error", place.file, (), text, fix, place) for place, text, fix in problems]


@frozen
class _Reports:
    """The requested reports. `bad`: the severities that fail."""

    files: Sequence[ReportFile]
    failing_severities: Collection[str]
    environ: Mapping[str, str]
    redactor: Redactor

    def write(self, checked: _Checked, path: Where) -> None:
        """Writes all reports. `path` is the inventory or the file that was checked."""
        from runnerops.inventory.sources import files_of, folder_of, name_of  # a single file needs none of these
        from runnerops.report.formats.findings import Findings, entries, readable

        root = repository_root(self.environ, folder_of(path))
        keys = keys_by_place(files_of(path)) if checked.noun == "host" else {}
        beside = {
            finding: replace(finding, location=SourceLocation(finding.path, 1, 1))
            for finding in checked.beside
            if not finding.location
        }
        findings = [beside.get(finding, finding) for finding in checked.findings]
        made = entries(findings, self.redactor, relative_to(root), keys, name_of(path))
        sound = (
            name
            for name, findings in checked.by_name.items()
            if not any(finding.severity in self.failing_severities for finding in findings)
        )
        names = tuple(readable(self.redactor.text(name)) for name in sound)
        write_reports(self.files, Findings(names, made, strict="warning" in self.failing_severities))


def _show(checked: _Checked, screen: Screen, *, as_json: bool) -> None:
    findings = checked.findings
    if as_json:
        screen.json({"version": VERSION, "findings": [finding_document(finding) for finding in findings]})
        return
    shown = merge_missing_secrets(findings)
    for finding in shown:
        screen.lines(finding_lines(finding))
    style, line = checked_line(checked.noun, checked.by_name, shown)
    screen.data(line, style)


def _check_file(name: str, kind: str, environ: Mapping[str, str], redactor: Redactor) -> tuple[Finding, ...]:
    content = b"" if name == "-" and not kind else _read(name)
    spec = _spec(name, kind or _kind_of(PurePath(name).name, content))
    if len(content) > _LARGEST:
        problem = f"is larger than {_LARGEST >> 20} MiB, so no rule was run on it"
        return (Finding("P005", "warning", name, (), problem, "", SourceLocation(name, 1, 1)),)
    with suppress(ParseError):  # of a file that cannot be read nothing is shown
        learn_secrets(redactor, frozenset(), [RenderedFile(spec, content)])
    findings = lint_file(spec, content)
    judged = not any(finding.rule == "P001" for finding in findings)
    return _without_given(findings, name, content, environ) if judged and _has_variables(spec, content) else findings


def _has_variables(spec: FileSpec, content: bytes) -> bool:
    return spec.template == KINDS["compose"][1] and b"$" in content


def _without_given(
    findings: Sequence[Finding], name: str, content: bytes, environ: Mapping[str, str]
) -> tuple[Finding, ...]:
    """The findings without those on variables that the environment or the `.env` beside the Compose file sets, as Compose
    would see it here.
    """
    from runnerops.services.registry.format.reading import parse
    from runnerops.services.registry.rules.compose import while_unset
    from runnerops.services.registry.rules.compose.variables import is_given, names_in, variables_in

    variables: dict[str, str | None] = {}
    beside = Path(name).with_name(".env")
    with suppress(OSError):  # one that cannot be read gives nothing
        variables |= (
            variables_in(beside.read_text(encoding="utf-8", errors="replace"))
            if name != "-" and beside.is_file()
            else {}
        )
    variables |= environ
    if variables.keys().isdisjoint(names_in(decode(content))):
        return tuple(findings)
    tree = parse(content, compose=True)
    filled = {variable: value or "" for variable, value in variables.items() if value != ""}
    remaining = [
        finding
        for finding in findings
        if finding.rule != "K006" and (finding.rule != "K005" or not is_given(value_at(tree, finding.key), variables))
    ]
    reported = {(finding.key, finding.message) for finding in findings}
    wrong = [
        Finding(rule, severity, name, key, message, fix)
        for rule, severity, key, message, fix in while_unset(tree, reported, filled)
    ]
    return by_line((*remaining, *with_places_in(content, wrong, name))) if wrong else tuple(remaining)


def _spec(name: str, kind: str) -> FileSpec:
    if kind == _INVENTORY:
        raise UsageError(f"{name}: this is an inventory", f"type: runnerops check --inventory {name}")
    if not kind:
        raise UsageError(
            f"{name}: the file's name does not show what it is", f"name its kind with --as {'|'.join(KINDS)}"
        )
    service, template, form = KINDS[kind]
    return FileSpec(service, name, template, form)


def _kind_of(name: str, content: bytes) -> str:
    if name.endswith(".toml"):
        return "runner"
    if name.endswith(".json"):
        return "daemon"
    if not name.endswith((".yml", ".yaml")):
        return ""
    top = set(_TOP_KEY.findall(content))  # the file may be no YAML at all
    if "compose" in name or (top & _OF_COMPOSE and not top & {b"storage", b"hosts"}):
        return "compose"
    return _INVENTORY if b"hosts" in top and not top & {b"version", b"storage"} else "registry"


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_LARGEST + 1)
        with Path(name).open("rb") as stream:  # a device may never end
            return stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", "name a file that can be read, or - for standard input") from None
