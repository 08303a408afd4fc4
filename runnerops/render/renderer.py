"""Renders the files that a host asks for. Reads templates and resolves secrets; touches nothing else."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import (
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.exceptions import TemplateError as JinjaError

from runnerops.errors import TemplateError
from runnerops.memo import remembered
from runnerops.model.common import Secret, SourceLocation, Tree, Value
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.patterns import late_pattern
from runnerops.redact import PRIVATE, holds_secret
from runnerops.render.compiled import CompiledTemplates
from runnerops.render.overrides import check_overrides
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError, Service
from runnerops.services.gitlab_runner.format.toml_writer import to_toml

if TYPE_CHECKING:
    from runnerops.render.origins import Origins

SHIPPED = "shipped"
"""The folder under which the project's templates find the shipped ones, to extend them."""

_PACKAGE = Path(__file__).resolve().parent.parent


class Resolves(Protocol):
    """Gives secrets their values. In production this is `secrets.Resolver`."""

    def resolve(self, secret: Secret) -> str:
        """The value. If it is missing, a placeholder; all missing secrets are reported together."""


class Renderer:
    """Renders the templates of one project. Files in `project` (the folder `templates` beside the inventory) override
    shipped ones.

    A shipped template is also available as `shipped/NAME`, so that an override can extend it. `texts` override both.
    They are contents that files are going to have.
    """

    def __init__(self, project: Path, resolver: Resolves, texts: Mapping[str, str] | None = None) -> None:
        self._resolver = resolver
        self._resolved = False
        self._project = project
        self._shipped = shipped_templates()
        check_overrides(project, self._shipped)
        shipped = FileSystemLoader(self._shipped)
        self._env = Environment(
            loader=ChoiceLoader(
                [DictLoader(texts or {}), FileSystemLoader(project), shipped, PrefixLoader({SHIPPED: shipped})]
            ),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  configuration files, not HTML
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=self._plain,
            bytecode_cache=_compiled(self._shipped),
        )
        self._env.filters |= {
            "to_json": lambda value: _to_json(self._plain(value)),
            "to_yaml": lambda value: _to_yaml(_no_times(self._plain(value))),
            "to_toml": lambda value, prefix="": to_toml(self._plain(value), prefix).rstrip("\n"),
            "without": lambda tree, *names: {name: value for name, value in tree.items() if name not in names},
        }

    def template_names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The files of the project's own folder, and the names of those that override a template."""
        own_names = (
            frozenset(path.name for path in self._project.iterdir()) if self._project.is_dir() else frozenset[str]()
        )
        return own_names, frozenset(path.name for path in self._shipped.iterdir())

    def files(self, host: Host) -> tuple[RenderedFile, ...]:
        """The files that this host asks for, by service. Raises TemplateError with the place in the template."""
        return tuple(file for service in SERVICES for file in self._service(service, host))

    def _service(self, service: Service, host: Host) -> list[RenderedFile]:
        files: list[RenderedFile] = []
        for spec in service.files(host):
            names = {**self._names(host), **service.context(host, spec, files)}
            self._resolved = False
            text = self._text(host, spec, names)
            content = text.encode()
            tree = self._check(service, host, spec, names, text)
            secret = self._resolved or holds_secret(tree, service)
            files.append(RenderedFile(replace(spec, mode=PRIVATE) if secret else spec, content))
        return files

    @staticmethod
    def _names(host: Host) -> dict[str, Any]:
        sections = {service.value: tree for service, tree in host.sections.items()}
        return {
            "host": {"name": host.name, "address": host.address, "groups": host.groups},
            "caches": host.caches,
            "vars": host.vars,
            **sections,
        }

    def _text(self, host: Host, spec: FileSpec, names: Mapping[str, Any]) -> str:
        try:
            text = self._env.get_template(spec.template).render(names)
        except TemplateNotFound as error:
            line, fix = _template_line(error, spec.template), "write it into the folder `templates`, or mend the name"
            raise self._error(spec.template, line, f"no template {error.name!r}", fix) from None
        except TemplateSyntaxError as error:
            problem = f"the template cannot be read: {error.message}"
            raise self._error(error.name or spec.template, error.lineno, problem, _syntax_fix(error)) from None
        except RecursionError:
            fix = f'`{{% extends "{SHIPPED}/{spec.template}" %}}` adds to the shipped template'
            problem = "it extends, includes or calls itself without an end"
            raise self._error(spec.template, 0, problem, fix) from None
        except UnicodeDecodeError as error:
            problem = f"it is not UTF-8, or a template that it includes: byte 0x{error.object[error.start]:02X}"
            raise self._error(spec.template, 0, problem, "save it as UTF-8") from None
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            fix = (
                "a template sees host, docker, registry, caches, gitlab_runner and vars; "
                "`| default(…)` gives a value that may be missing its own"
            )
            line = _template_line(error, spec.template)
            raise self._error(spec.template, line, f"{error} (for host {host.name})", fix) from None
        return text if text.endswith("\n") else text + "\n"

    def _check(self, service: Service, host: Host, spec: FileSpec, names: Mapping[str, Any], text: str) -> Tree:
        try:
            return service.parse(spec, text.encode())
        except ParseError as error:
            sources = self._origins(spec, names, text)
            name, line = sources.around(error.line, error.column) if sources else (spec.template, 0)
            problem = (
                f"renders broken {spec.format.upper()} for host {host.name}: "
                f"{error.problem} (line {error.line}, column {error.column} of what it renders)"
            )
            fix = "; ".join(filter(None, (error.fix, "values are safest through to_json, to_toml and to_yaml")))
            raise self._error(name, line, problem, fix) from None

    def _error(self, template: str, line: int, problem: str, fix: str) -> TemplateError:
        """`line` is 0 if it is not known."""
        file = self._place(template)
        place = f"{file}:{line}" if line else file
        return TemplateError(f"{place}: {problem}", fix, [(SourceLocation(file, max(line, 1), 1), problem, fix)])

    def origins(self, host: Host, file: RenderedFile, files: Sequence[RenderedFile]) -> Origins | None:
        """Which parts of the project's own template the parts of a file come from; None if a shipped template renders
        the file.

        `files` are all files of the host.
        """
        service = service_of(file.spec.service)
        before = [rendered_file for rendered_file in files if rendered_file.spec.service is file.spec.service]
        rendered_files = before[: [file.spec.path for file in before].index(file.spec.path)]
        names = {**self._names(host), **service.context(host, file.spec, rendered_files)}
        return self._origins(file.spec, names, (file.content or b"").decode())

    def _origins(self, spec: FileSpec, names: Mapping[str, Any], text: str) -> Origins | None:
        if not (self._project / spec.template).exists():
            return None
        from runnerops.render.origins import origins  # noqa: PLC0415  only needed if something is wrong

        return origins(self._env, spec, names, text, self._place)

    def _place(self, template: str) -> str:
        path = self._project / template
        return str(path) if path.exists() else f"{template.removeprefix(f'{SHIPPED}/')} (shipped)"

    def _plain(self, value: Value) -> Any:
        return plain(value, self._resolve)

    def _resolve(self, secret: Secret) -> str:
        self._resolved = True
        return self._resolver.resolve(secret)


def plain(value: Any, resolve: Callable[[Secret], str]) -> Any:
    """The value with every secret in it resolved."""
    if isinstance(value, Secret):
        return resolve(value)
    if isinstance(value, dict):
        return {name: plain(item, resolve) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, resolve) for item in value]
    return value


@cache
def _compiled(shipped: Path) -> CompiledTemplates:
    """All renderers share it, because they only differ in their secrets."""
    return CompiledTemplates(shipped)


def shipped_templates() -> Path:
    """The folder of the shipped templates. It is beside this file in a wheel, and further up in a checkout."""
    inside = _PACKAGE / "templates"
    return inside if inside.is_dir() else _PACKAGE.parent / "templates"


_SYNTAX = (
    ("end of template", "close what was opened last: {% endfor %}, {% endif %}, }} or %}"),
    ("unknown tag", "write {% if %}, {% for %}, {% set %}, {% macro %} or {% include %}; a value stands in {{ }}"),
    ("end of print statement", "write {{ value | filter }}: a `|`, an operator or a quote is missing before it"),
    ("end of statement block", "look for a quote, an operator or %} that is missing before it"),
    ("No filter named", "beside Jinja's own filters there are to_json, to_yaml, to_toml and without"),
    ("unexpected char", "a text in {{ }} stands in straight quotes, and names are made of letters, digits and _"),
    ("unexpected '}'", "look for a bracket that is closed twice, or not opened"),
)


def _syntax_fix(error: TemplateSyntaxError) -> str:
    """The fix for the usual cause of a syntax error."""
    message = error.message or ""
    return next(
        (fix for words, fix in _SYNTAX if words in message), "look at the quotes and brackets in {{ }} and {% %}"
    )


def _template_line(error: BaseException, template: str) -> int:
    """The line of the template; 0 if the error is not in the template itself."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(template)]
    return (lines[-1] or 0) if lines else 0


_NO_LETTERS = late_pattern("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML does not allow in a text, or takes for the end of a line."""


def _to_json(value: Any) -> str:
    """JSON that is YAML too, for the Compose file."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _NO_LETTERS.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text)


@remembered
def _to_yaml(value: Any) -> str:
    from runnerops.parsing.yaml_dump import dump  # noqa: PLC0415  few templates use it

    return dump(value, sort_keys=False)


def _no_times(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
