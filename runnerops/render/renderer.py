"""From a host of the inventory to the files it asks for. Reads templates; resolves secrets; touches nothing else."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateError as JinjaError

from runnerops.errors import TemplateError
from runnerops.model.common import Secret, SourceLocation, Tree, Value
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.redact import PRIVATE, holds_secret
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError, Service
from runnerops.services.gitlab_runner.format.toml_writer import to_toml

if TYPE_CHECKING:
    from runnerops.render.origins import Origins

SHIPPED = "shipped"
"""The folder that a template of one's own finds the shipped ones in, to extend them."""

_PACKAGE = Path(__file__).resolve().parent.parent


class Resolves(Protocol):
    """Gives secrets their values; `secrets.Resolver` in production."""

    def resolve(self, secret: Secret) -> str:
        """The value; a placeholder where it is missing, which is then reported with all others that are."""


class _Compiled(BytecodeCache):
    """What templates were compiled to in this process: each Renderer has an environment of its own, alike but for secrets."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja's word for taking it from here; it compiles what stays None."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Jinja's word for leaving it here."""
        if bucket.code:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class Renderer:
    """Templates of one project. `project` (the folder `templates` beside the inventory) overrides file by file.

    A shipped one is `shipped/NAME` too, for an override that extends it. `texts` override both: what files are going to hold.
    """

    def __init__(self, project: Path, resolver: Resolves, texts: Mapping[str, str] | None = None) -> None:
        self._resolver = resolver
        self._resolved = False
        self._project = project
        self._shipped = shipped_templates()
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
            bytecode_cache=_COMPILED,
        )
        self._env.filters |= {
            "to_json": lambda value: json.dumps(self._plain(value), indent=2, ensure_ascii=False),
            "to_yaml": lambda value: _to_yaml(self._plain(value)),
            "to_toml": lambda value, prefix="": to_toml(self._plain(value), prefix).rstrip("\n"),
            "without": lambda tree, *names: {name: value for name, value in tree.items() if name not in names},
        }

    def template_names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The files of the project's own folder, and the names that override something."""
        own = frozenset(path.name for path in self._project.iterdir()) if self._project.is_dir() else frozenset[str]()
        return own, frozenset(path.name for path in self._shipped.iterdir())

    def files(self, host: Host) -> tuple[RenderedFile, ...]:
        """What this host asks for, service by service. Raises TemplateError with the template's place."""
        return tuple(file for service in SERVICES for file in self._service(service, host))

    def _service(self, service: Service, host: Host) -> list[RenderedFile]:
        done: list[RenderedFile] = []
        for spec in service.files(host):
            names = {**self._names(host), **service.context(host, spec, done)}
            self._resolved = False
            text = self._text(host, spec, names)
            content = text.encode()
            tree = self._check(service, host, spec, names, text)
            secret = self._resolved or holds_secret(service, tree)
            done.append(RenderedFile(replace(spec, mode=PRIVATE) if secret else spec, content))
        return done

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
            found = self._origins(spec, names, text)
            name, line = found.around(error.line, error.column) if found else (spec.template, 0)
            problem = (
                f"renders broken {spec.format.upper()} for host {host.name}: "
                f"{error.problem} (line {error.line}, column {error.column} of what it renders)"
            )
            fix = "; ".join(filter(None, (error.fix, "values are safest through to_json, to_toml and to_yaml")))
            raise self._error(name, line, problem, fix) from None

    def _error(self, template: str, line: int, problem: str, fix: str) -> TemplateError:
        """`line` 0: not known."""
        file = self._place(template)
        place = f"{file}:{line}" if line else file
        return TemplateError(f"{place}: {problem}", fix, [(SourceLocation(file, max(line, 1), 1), problem)])

    def origins(self, host: Host, file: RenderedFile, files: Sequence[RenderedFile]) -> Origins | None:
        """Where the parts of a rendered file stand in the project's own template; None where a shipped one renders it.

        `files` are all of the host's.
        """
        service = service_of(file.spec.service)
        before = [other for other in files if other.spec.service is file.spec.service]
        done = before[: [other.spec.path for other in before].index(file.spec.path)]
        names = {**self._names(host), **service.context(host, file.spec, done)}
        return self._origins(file.spec, names, (file.content or b"").decode())

    def _origins(self, spec: FileSpec, names: Mapping[str, Any], text: str) -> Origins | None:
        if not (self._project / spec.template).exists():
            return None
        from runnerops.render.origins import origins  # noqa: PLC0415  only where something is wrong

        return origins(self._env, spec, names, text, self._place)

    def _place(self, template: str) -> str:
        own = self._project / template
        return str(own) if own.exists() else f"{template.removeprefix(f'{SHIPPED}/')} (shipped)"

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


def shipped_templates() -> Path:
    """The folder of the templates that come with runnerops: in the wheel beside this file, in a checkout above it."""
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
    """What mends the usual cause of a syntax error."""
    message = error.message or ""
    return next(
        (fix for words, fix in _SYNTAX if words in message), "look at the quotes and brackets in {{ }} and {% %}"
    )


def _template_line(error: BaseException, template: str) -> int:
    """0 where the template itself was not reached."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(template)]
    return (lines[-1] or 0) if lines else 0


def _to_yaml(value: Any) -> str:
    import yaml  # noqa: PLC0415  the parser is loaded anyway, the emitter is slow to import

    return yaml.safe_dump(_no_times(value), sort_keys=False, allow_unicode=True, width=2**20, default_flow_style=False)


def _no_times(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
