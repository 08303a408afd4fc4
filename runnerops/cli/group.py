"""The commands. Each is the function NAME of `cli/NAME.py`, which is imported when the command is called or all are
listed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer
import typer.core

from runnerops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    "init",
    "check",
    "adopt",
    "render",
    "hosts",
    "diff",
    "deploy",
    "rollback",
    "remove",
    "rotate",
    "abort",
    "hold",
    "release",
    "history",
    "verify",
    "catalog",
    "status",
    "trust",
    "dind",
    "gitlab",
    "schema",
    "explain",
    "demo",
)
"""The names in the order of `runnerops --help`."""
SETTINGS = {"help_option_names": ["-h", "--help"]}
_HELP = inspect.Parameter("help", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool)


class CommandGroup(typer.core.TyperGroup):
    """The commands by name."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names: dict[str, Any] = dict.fromkeys(NAMES)
        self.commands = names  # for the hint at a misspelt command

    def get_help_option(self, ctx: Any) -> Any:  # noqa: D102
        return _unconverted(super().get_help_option(ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002, D102
        return list(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002, D102
        return load_command(cmd_name) if cmd_name in NAMES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands. Reads only the help of each: to build the commands would double the time of
        `--help`.
        """
        helps = {name: inspect.cleandoc(_function(name).__doc__ or "") for name in NAMES}
        shown: dict[str, Any] = {name: typer.core.TyperCommand(name, help=text) for name, text in helps.items()}
        typer.core.TyperGroup(commands=shown).format_commands(ctx, formatter)


class _Command(typer.core.TyperCommand):
    """A command whose help shows only the name of an argument. Newer typers add braces and a type."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for param in self.params:
            if param.param_type_name == "argument" and hasattr(param, "display_type"):
                param.display_type = lambda *_, **__: ""
            if param.required and hasattr(param, "_usage_display_name"):
                param._usage_display_name = partial(str, param.metavar)

    def get_help_option(self, ctx: Any) -> Any:
        return _unconverted(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the words of a command. Raises UsageError of ours for an option that people know from another program, and
        where a target is missing.
        """
        try:
            remaining: list[str] = super().parse_args(ctx, args)
        except Exception as error:  # the class is in click or in typer, by the release of typer
            if type(error).__name__ == "NoSuchOption":
                _hint_at(str(getattr(error, "option_name", "")), self)
            missing = getattr(error, "param", None) if type(error).__name__ == "MissingParameter" else None
            if missing and missing.name == "targets":
                hint = f"name hosts, groups or globs: `runnerops {self.name} '*'` is for all hosts"
                raise UsageError(f"`runnerops {self.name}` needs a target", hint) from None
            raise
        return remaining


def _hint_at(option: str, command: Any) -> None:
    """Raises UsageError if another program has this option."""
    from runnerops.cli.foreign import hint_for

    own_options = {word for param in command.params for word in param.opts}
    if hint := hint_for(option, command.name, own_options):
        raise UsageError(f"{option}: no such option of `runnerops {command.name}`", hint)


def _unconverted(option: Any) -> Any:
    """The option `--help`, which is converted only if it is given (see `_process`)."""
    if option and not isinstance(option.process_value, partial):
        option.process_value = partial(_process, _HELP, option.process_value)
    return option


def _function(name: str) -> Callable[..., None]:
    """The function of the file of this name in this folder."""
    function: Callable[..., None] = getattr(import_module(f"runnerops.cli.{name}"), name)
    return function


@cache
def load_command(name: str) -> Any:
    """The command of the file of this name in this folder."""
    function = _function(name)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=SETTINGS)
    spread = _spread(function)
    app.command(name, cls=_Command)(spread)
    command: Any = typer.main.get_command(app)
    own_parameters = inspect.signature(spread).parameters
    for param in command.params:
        if param.name in own_parameters:
            param.process_value = partial(_process, own_parameters[param.name], param.process_value)
    return command


def _process(parameter: inspect.Parameter, convert: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    """Converts a value as typer does. Defaults and plain words are not converted, because this imports pydantic, which
    takes as long as half of `check FILE`.
    """
    if parameter.default is not parameter.empty and (value is None or value == parameter.default):
        return parameter.default
    kind, *details = (
        get_args(parameter.annotation) if get_origin(parameter.annotation) is Annotated else (parameter.annotation,)
    )
    if value and not any(detail.parser for detail in details):
        if list[str] in (kind, *get_args(kind)):
            return list(value)
        if str in (kind, *get_args(kind)):
            return str(value)
    return convert(ctx, value)


def _spread(function: Callable[..., None]) -> Callable[..., None]:
    """Wraps a function: each parameter that is a dataclass is replaced by parameters for its fields."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    def call(**values: Any) -> None:
        made = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        function(**values, **made)

    def parameters() -> Iterator[inspect.Parameter]:
        for name, param in inspect.signature(function).parameters.items():
            if name not in groups:
                yield param.replace(kind=param.KEYWORD_ONLY, annotation=hints[name])
                continue
            group = get_type_hints(groups[name], include_extras=True)
            for field in fields(groups[name]):
                default = inspect.Parameter.empty if field.default is MISSING else field.default
                yield inspect.Parameter(field.name, param.KEYWORD_ONLY, default=default, annotation=group[field.name])

    signature = inspect.Signature(list(parameters()))
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {param.name: param.annotation for param in signature.parameters.values()}
    call.__doc__ = function.__doc__
    return call
