"""What our rules find in the files of tests/verdicts.py."""

from __future__ import annotations

from runnerops.commands.check import KINDS
from runnerops.model.facts import Facts, RunnerFacts
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.lint import lint
from runnerops.services import REGISTRY
from runnerops.services.registry.rules.config import config_rules
from tests.unit.services.builders import engine
from tests.unit.services.runner_builders import NOW
from tests.verdicts import Verdict

DOCKERS = ("20.10", "23.0", "24.0", "25.0", "26.1", "28.1", "28.5", "29.7")


def spec_of(verdict: Verdict) -> FileSpec:
    service, template, form = KINDS[verdict.kind]
    return FileSpec(service, "file", template, form)


def of_docker(verdict: Verdict, version: str) -> list[Finding]:
    file = RenderedFile(spec_of(verdict), verdict.file.encode())
    return [*lint(Host("a", "a"), [file], Facts(docker=engine(version)))]


def of_runner(verdict: Verdict, version: str) -> list[Finding]:
    file = RenderedFile(spec_of(verdict), verdict.file.encode())
    return [*lint(Host("a", "a"), [file], Facts(runner=RunnerFacts(NOW, version)))]


def of_registry(verdict: Verdict, major: int) -> list[str]:
    tree = REGISTRY.parse(spec_of(verdict), verdict.file.encode())
    return [rule for rule, severity, *_ in config_rules(tree, major) if severity == "error"]
