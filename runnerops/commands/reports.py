"""`--report`: parses the option and writes the reports. Paths in them are relative to the repository's root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError, UsageError
from runnerops.frozen import frozen
from runnerops.model.common import Key, SourceLocation
from runnerops.parsing.near import did_you_mean

if TYPE_CHECKING:
    from runnerops.report.formats.findings import Findings
    from runnerops.report.formats.plans import PlanReport

FORMATS: Mapping[str, str] = {
    "codequality": "gl-code-quality-report.json",
    "junit": "junit.xml",
    "sarif": "runnerops.sarif",
}
"""The formats of `check`, each with the name of its file in a folder with all of them."""
PLAN_FORMATS: Mapping[str, str] = {"terraform": "gl-terraform-plan.json", "markdown": "plan.md"}
"""The formats of `diff`."""


@frozen
class ReportFile:
    """One file to write; `format` is one of FORMATS or PLAN_FORMATS."""

    format: str
    path: Path


def parse_reports(words: Sequence[str], formats: Mapping[str, str] = FORMATS) -> tuple[ReportFile, ...]:
    """Parses words like `DIR` (a report of each format goes there) or `FORMAT=FILE`. Raises UsageError."""
    return tuple(report for word in words for report in _parse(word, formats))


def _parse(word: str, formats: Mapping[str, str]) -> tuple[ReportFile, ...]:
    name, equals, path = word.partition("=")
    formats_text = f"the formats are {', '.join(formats)}"
    if not word.strip():
        raise UsageError("names nothing", "write a folder for all reports, or FORMAT=FILE for one")
    if name in formats:
        if not path:
            raise UsageError(f"{word}: the file is missing", f"write {name}={formats[name]}")
        return (ReportFile(name, Path(path)),)
    if (equals and "/" not in name) or name in {*FORMATS, *PLAN_FORMATS}:
        raise UsageError(f"{word}: unknown format {name!r}{did_you_mean(name, formats)}", formats_text)
    return tuple(ReportFile(each, Path(word, file)) for each, file in formats.items())


def write_reports(reports: Sequence[ReportFile], findings: Findings) -> None:
    """Writes each file, and creates its folder. Raises RunneropsError."""
    _write(reports, lambda form: _writer(form)(findings))


def write_plan_reports(reports: Sequence[ReportFile], plans: PlanReport) -> None:
    """Writes the requested reports on plans. Raises RunneropsError."""
    from runnerops.report.formats.markdown import markdown
    from runnerops.report.formats.terraform import terraform

    _write(reports, lambda form: (terraform if form == "terraform" else markdown)(plans))


def _write(reports: Sequence[ReportFile], text_of: Callable[[str], str]) -> None:
    for report in reports:
        try:
            with contextlib.suppress(FileExistsError):  # a file in the place of the folder: to write into it says so
                report.path.parent.mkdir(parents=True, exist_ok=True)
            report.path.write_text(text_of(report.format), encoding="utf-8")
        except OSError as error:
            raise RunneropsError(
                f"{report.path}: {error.strerror or error}", "name a file that can be written: `--report FORMAT=FILE`"
            ) from None


def _writer(form: str) -> Callable[[Findings], str]:
    """The function for this format, which is imported only now."""
    if form == "codequality":
        from runnerops.report.formats.codequality import codequality as write
    elif form == "junit":
        from runnerops.report.formats.junit import junit as write
    else:
        from runnerops.report.formats.sarif import sarif as write
    return write


def keys_by_place(inventory: Iterable[tuple[Path, Key]]) -> Mapping[SourceLocation, Key]:
    """The keys of an inventory, like `("hosts", "a", "docker", "bip")`, by place. A file that is not YAML has none.

    `inventory` has the files, each with the key below which its content belongs.
    """
    return {place: key for path, above in inventory for place, key in _keys_of(path, above)}


def _keys_of(path: Path, above: Key) -> Iterator[tuple[SourceLocation, Key]]:
    from yaml import YAMLError

    from runnerops.parsing.yaml_places import places

    with contextlib.suppress(OSError, UnicodeDecodeError, YAMLError):
        by_key = places(path.read_bytes().decode("utf-8-sig"), str(path))
        yield from ((place, (*above, *key)) for key, place in reversed(by_key.items()))


def repository_root(environ: Mapping[str, str], beside: Path) -> Path:
    """The folder to which paths in reports are relative: the checkout of a GitLab job, the Git work tree around `beside`, or
    the current folder.
    """
    if job := environ.get("CI_PROJECT_DIR"):
        return Path(os.path.abspath(job))
    folder_beside = Path(os.path.abspath(beside))
    folders = [folder_beside, *folder_beside.parents]
    return next((folder for folder in folders if (folder / ".git").exists()), Path.cwd())


def relative_to(root: Path) -> Callable[[str], str]:
    """A function that makes paths relative to `root`. Paths outside of it, and `-`, stay as they are."""

    def relative(path: str) -> str:
        if path == "-":
            return path
        for absolute, base in ((os.path.abspath(path), root), (os.path.realpath(path), Path(os.path.realpath(root)))):
            if Path(absolute).is_relative_to(base):
                return Path(absolute).relative_to(base).as_posix()
        return path

    return relative
