"""config.toml, simulated: its path, and which files gitlab-runner loads."""

from __future__ import annotations

from runnerops.demo.simulated.world import RefusedError, shown, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runnerops.demo.simulated.world import Tree

_LEVELS = ("debug", "info", "warn", "error", "fatal", "panic")
_KINDS = {
    int: ("concurrent", "check_interval", "shutdown_timeout", "limit", "request_concurrency", "output_limit"),
    str: ("log_level", "log_format", "listen_address", "sentry_dsn", "name", "url", "token", "executor", "shell"),
}


def config_path(argv: list[str]) -> str:
    """The file that a process with these arguments reads."""
    for index, word in enumerate(argv[:-1]):
        if word in {"--config", "-c"}:
            return argv[index + 1]
    return "/etc/gitlab-runner/config.toml"


def read(name: str) -> Tree:
    """Returns the file's tree. Raises RefusedError with the message for the log."""
    import tomllib  # noqa: PLC0415

    try:
        tree = tomllib.loads(text_at(name))
    except FileNotFoundError:
        raise RefusedError(f"stat {shown(name)}: no such file or directory") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"toml: {error}") from None
    for problem in _problems(tree):
        raise RefusedError(problem)
    return {name: _plain(value) for name, value in tree.items()}


def _plain(value: Any) -> Any:
    """Converts dates to texts, because JSON, in which the state is kept, has no dates."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float) else str(value)


def _problems(tree: Tree) -> Iterator[str]:
    runners = tree.get("runners", [])
    if not isinstance(runners, list) or not all(isinstance(runner, dict) for runner in runners):
        yield "toml: incompatible types: TOML value has type table; destination has type slice"
        return
    for table in (tree, *runners):
        for kind, names in _KINDS.items():
            for name in names:
                if name in table and not _is(table[name], kind):
                    yield (
                        f'toml: (last key "{name}"): incompatible types: TOML value has type '
                        f"{type(table[name]).__name__}; destination has type {'integer' if kind is int else 'string'}"
                    )
    if tree.get("log_level") and tree["log_level"] not in _LEVELS:
        yield f'not a valid logrus Level: "{tree["log_level"]}"'


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
