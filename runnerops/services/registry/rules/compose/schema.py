"""Says what the schema of the Compose specification refuses, and what to write instead. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from runnerops.model.common import Key, Tree, value_at, word_set
from runnerops.parsing.near import question
from runnerops.services.registry.rules.compose.fixes import fix_of
from runnerops.services.registry.rules.compose.meant import continued_key, meant_keys, slips
from runnerops.services.registry.rules.compose.parts import REFUSED, is_split, mapping
from runnerops.services.registry.rules.compose.values import SECTIONS
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.compose import is_looser, schema_problems, service_keys
from runnerops.services.registry.schema.compose_since import lacks, release_of
from runnerops.services.registry.schema.json_schema import Problem

_NETWORK_NAMES = "5.6.0"
"""The first release of Compose that checks the names of networks."""

_TYPES = {
    "string": "text",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "nothing",
}


def schema_rules(tree: Tree, version: str) -> Found:
    """Finds what the schema refuses. `version`: that of Compose; empty if it is not known."""
    for problem in _but_slips([*schema_problems(tree)]):
        if not _is_section(problem, tree) and not _is_in_split_volume(problem, tree):
            yield from _schema(problem, tree, version)


def _but_slips(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Leaves out missing keys that are only misspelt, as their unknown names are problems of their own."""
    for problem in problems:
        if problem.kind == "missing":
            unknown = [other for other in problems if other.kind == "unknown" and other.key[:-1] == problem.key]
            misspelt = {name for other in unknown for name in slips([str(other.key[-1])], other.accepted)}
            if misspelt.issuperset(problem.accepted):
                continue
        yield problem


def _is_section(problem: Problem, tree: Tree) -> bool:
    """Whether an unknown key stands in a section that is indented as a service, as another rule reports."""
    key = problem.key
    below = problem.kind == "unknown" and len(key) == 3 and key[0] == "services" and key[1] in SECTIONS
    return below and not {"image", "build"} & mapping(value_at(tree, key[:2])).keys()


def _is_in_split_volume(problem: Problem, tree: Tree) -> bool:
    """Whether a volume is a mapping because of a space, as another rule reports."""
    return problem.key[2:3] == ("volumes",) and is_split(value_at(tree, problem.key[:4]))


def _schema(problem: Problem, tree: Tree, version: str) -> Found:
    key, words = problem.key, problem.accepted
    if problem.kind == "unknown":
        yield "K001", "error", key, *_unknown(key, words, len(key) == 1 and _looks_like_service(tree, key))
    elif problem.kind == "name":
        text = f"is not a valid name, which must have the form {words[0]}"
        of_network = key[0] == "networks" and len(key) == 2
        if of_network:
            yield from _since(_NETWORK_NAMES, version, ("K001", key, text))
        else:
            yield "K001", "error", key, f"{text}: {REFUSED}", ""
    elif problem.kind == "type" and key[0] == "services" and len(key) == _OF_SERVICE - 1 and key[1] in service_keys():
        text = f"is read as the name of a service: {REFUSED}"
        yield "K002", "error", key, text, "indent it deeper, as a key of its service"
    elif problem.kind == "type" and is_looser(key, value_at(tree, key)):
        text = "is not a whole number, which newer releases of Compose may refuse"
        yield "K002", "warning", key, text, "write one"
    else:
        yield "K002", "error", key, f"{_SAYS[problem.kind](words)}: {REFUSED}", fix_of(problem, tree)


_SAYS: Mapping[str, Callable[[tuple[str, ...]], str]] = {
    "missing": lambda words: f"has no {' and no '.join(words)}",
    "type": lambda words: f"must be {' or '.join(dict.fromkeys(_TYPES[word] for word in words))}",
    "word": lambda words: f"must be one of {', '.join(words)}",
    "form": lambda words: f"must have the form {words[0]}",
    "twice": lambda _: "is listed twice",
    "range": lambda words: f"must be between {' and '.join(words)}",
}
"""What is said of a problem with a value."""


def _since(release: str, version: str, refusal: tuple[str, Key, str]) -> Found:
    """Yields what Compose refuses since a release: a warning if its version is not known, nothing if it is older."""
    rule, key, text = refusal
    if release_of(version) is None:
        yield rule, "warning", key, f"{text}: Compose refuses the file since {release}", ""
    elif not lacks(version, release):
        yield rule, "error", key, f"{text}: {REFUSED}", ""


def _looks_like_service(tree: Tree, key: Key) -> bool:
    return bool({"image", "build"} & set(mapping(tree[str(key[0])])))


def _unknown(key: Key, known_names: tuple[str, ...], service: bool) -> tuple[str, str]:
    name = str(key[-1])
    meant_names = meant_keys(name, known_names)
    if service and not meant_names:
        text = f"services belong under `services`, and only Compose 1 accepted them here: {REFUSED}"
        return text, "write services:, and put this below it"
    if name == "optional" and "required" in known_names:
        return f"unknown key, which is `required` here: {REFUSED}", "write required, with the opposite value"
    own_hint = "; keys of your own begin with x-"
    if meant_names:
        return f"unknown key, {question(meant_names)}", f"write {' or '.join(meant_names)}{own_hint}"
    if home := _home(key, name):
        return f"unknown key, which belongs to {home[0]}: {REFUSED}", home[1]
    if longer := continued_key(name, known_names):
        return f"unknown key, {question(longer)}", f"write {longer[0]}{own_hint}"
    return f"unknown key: {REFUSED}", f"take it out{own_hint}"


def _home(key: Key, name: str) -> tuple[str, str] | None:
    """The table that has a key, and what to do; None if no table near its place has it."""
    if key[-2:-1] == ("logging",):
        return "logging.options", "move it there"
    if name in service_keys() and len(key) != _OF_SERVICE and key[0] in {name, "services"}:
        place = f"services.{key[1]}" if len(key) > 1 else "a service"
        return place, "move it there, and indent it as its other keys"
    if len(key) == _OF_SERVICE and (table := next((table for table, names in _BELOW.items() if name in names), "")):
        return table, f"move it below {table}, and indent it deeper"
    if key[2:3] == ("volumes",) and (
        table := next((table for table, names in _OF_VOLUME.items() if name in names), "")
    ):
        return table, f"write {table}: {{{name}: …}}"
    return None


_BELOW = {
    "deploy": word_set("endpoint_mode placement replicas resources restart_policy rollback_config update_config"),
    "deploy.resources": word_set("limits reservations"),
    "build": word_set("args context dockerfile dockerfile_inline"),
    "develop": word_set("watch"),
    "healthcheck": word_set("interval retries start_period test timeout"),
}
"""By table of a service: keys that are sometimes written beside it."""
_OF_VOLUME = {
    "volume": word_set("nocopy subpath"),
    "bind": word_set("propagation create_host_path selinux recursive"),
    "tmpfs": word_set("size mode"),
}
"""By table of a volume: keys that are sometimes written beside it."""


_OF_SERVICE = 3
"""The length of the place of a service's key."""
