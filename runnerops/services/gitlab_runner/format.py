"""config.toml as a document: where it is, how it is read and written. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import FileSpec, Host
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.toml_writer import to_toml

NAME: ServiceName = ServiceName.GITLAB_RUNNER
PATH = "/etc/gitlab-runner/config.toml"

_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$")


def files(host: Host) -> tuple[FileSpec, ...]:
    """The one file; the path is the packaged one until `settle` knows with which the runner was started."""
    if NAME not in host.sections:
        return ()
    return (FileSpec(NAME, PATH, "config.toml.j2", "toml", mode="0600"),)


def context() -> Mapping[str, Any]:
    """Nothing beside the common names."""
    return {}


def parse(content: bytes) -> Tree:
    """TOML. Raises ParseError without any of the file's text."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ParseError(line, error.start - content.rfind(b"\n", 0, error.start), "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        match = _PLACE.match(str(error))
        if match is None:
            raise ParseError(0, 0, "is no TOML") from None
        problem = re.sub(r"['\"].*['\"]|\(.*\)", "", match[1]).strip().lower()
        last = content.count(b"\n") + 1
        raise ParseError(int(match[2] or last), int(match[3] or 1), problem) from None
    except ValueError:
        raise ParseError(0, 0, "holds a number that is too long") from None
    except RecursionError:
        raise ParseError(1, 1, "is nested too deep") from None


def dump(tree: Tree) -> bytes:
    """Keys in order of the alphabet, tables behind plain keys."""
    return to_toml(_sorted(tree)).encode()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def runners_of(tree: Tree) -> list[Tree]:
    """The `[[runners]]` blocks of a tree, whatever else may stand there."""
    runners = tree.get("runners")
    return [item for item in runners if isinstance(item, dict)] if isinstance(runners, list) else []


def label(runner: Tree, index: int) -> str:
    """How a person knows a runner: by its name, else by its place."""
    return str(runner.get("name") or f"number {index + 1}")
