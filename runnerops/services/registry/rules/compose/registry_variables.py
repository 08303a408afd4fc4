"""Checks `REGISTRY_` variables of a Compose service. Each names a key of the registry's configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Key, Tree, Value, key_text
from runnerops.services.base import ParseError
from runnerops.services.registry.format.reading import parse
from runnerops.services.registry.rules.compose.overlay import Laid, Overlay, Variable, of_the_image
from runnerops.services.registry.rules.compose.parts import environment
from runnerops.services.registry.rules.config import config_rules, typed
from runnerops.services.registry.rules.found import ENDS, Found, One, as_read, of_any, tree_at
from runnerops.services.registry.rules.near import near_keys, places_of, unread
from runnerops.services.registry.schema import CONFIG, Shape, variable_of
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.registry.schema.storage import PARAMETERS, STORAGE

_OPEN = "${}"
"""Stands for a value that is not known."""
_UNREADABLE = "[${}"
"""Stands for a value that is no YAML. It ends the registry only if its variable names a key."""


def variable_rules(service: Tree, key: Key, major: int | None, *, is_image_file: bool) -> Found:
    """Runs all rules on the variables. `major`: None if it is not known; `is_image_file`: the file below is the image's own."""
    variables = []
    for name, place, text in _texts(service, (*key, "environment")):
        try:
            value = _OPEN if text is None else _read(text)
        except ParseError:
            value = _UNREADABLE
        variables.append(Variable(name, place, value))
        if text is not None:
            yield from _cut(name, text, value, place)
    by_major = [
        [*_of_major(variables, (*key, "environment"), major_version, is_image_file=is_image_file)]
        for major_version in (2, 3)
    ]
    findings = of_any(*by_major) if major not in {2, 3} else by_major[major - 2]
    yield from (("K012", severity, place, text, fix) for _, severity, place, text, fix in findings)


def _texts(service: Tree, key: Key) -> Iterator[tuple[str, Key, str | None]]:
    """Yields name, place and text of each variable that the registry reads. The text is None if it is set elsewhere."""
    section = service.get("environment")
    for index, name, text in environment(service):
        if name.startswith("REGISTRY_") and name != "REGISTRY_CONFIGURATION_PATH":
            item: Value = section.get(name) if isinstance(section, dict) else section[index]  # type: ignore[index]
            elsewhere = item is None or (isinstance(section, list) and "=" not in str(item)) or open_text(text)
            yield name, (*key, index), None if elsewhere else text.replace("$$", "$")


def _read(text: str) -> Value:
    """Returns a value as the registry reads it from YAML. Raises ParseError."""
    below = text.replace("\n", "\n  ")
    return parse(f"value:\n  {below}".encode(), strict=False)["value"]


def _cut(name: str, text: str, value: Value, place: Key) -> Found:
    """Finds a value in which YAML sees the beginning of a comment."""
    if text.strip() and value is None and text.lstrip().startswith("#"):
        message = "the registry reads it as YAML, where # begins a comment: it is empty"
        yield "K012", "error", place, message, _quoted(name)
    elif isinstance(value, str) and " #" in text and value != text.strip() and text.lstrip()[0] not in "'\"":
        message = "the registry reads it as YAML, where # begins a comment: the rest is lost"
        yield "K012", "error", place, message, _quoted(name)


def _quoted(name: str) -> str:
    return f"write {name}='\"…\"'"


def _of_major(variables: list[Variable], key: Key, major: int, *, is_image_file: bool) -> Found:
    overlay = Overlay(major, of_the_image(major) if is_image_file else {}, is_image_file)
    laid = overlay.lay(variables)
    by_place = {variable.place: variable for variable in variables}
    findings = [
        finding for place, laid_variable in laid.items() for finding in _effect(by_place[place], laid_variable, major)
    ]
    redis, cache = tree_at(overlay.tree, "redis"), tree_at(overlay.tree, "storage", "cache")
    if cache.get("blobdescriptor") == "redis" and not redis.get("addrs"):
        findings = [_needed(finding, laid) for finding in findings]
    yield from findings
    if not is_image_file:
        for place, laid_variable in laid.items():
            yield from _alone(by_place[place], laid_variable, major)
    elif not any(finding[1] == "error" for finding in findings):  # one that is no YAML is such an error
        open_keys = [laid[variable.place].key for variable in variables if variable.value == _OPEN]
        for rule, severity, at, text, fix in config_rules(overlay.tree, major):
            if not any(at[: len(open_key)] == open_key for open_key in open_keys):
                place, same = _place(at, laid)
                right = _right(rule, at, fix, laid)
                message = _BY_VARIABLES.get((rule, severity, at)) or (text if same else f"{key_text(at)}: {text}")
                yield rule, severity, place or key, message, right


_BY_VARIABLES: Mapping[tuple[str, str, Key], str] = {
    ("C012", "error", ("auth",)): (
        "two access controllers are set: which one the registry takes is left to chance, and often it does not start"
    ),
    ("C011", "warning", ("storage", "delete")): (
        "without REGISTRY_STORAGE_DELETE_ENABLED=true a cache never frees what has expired"
    ),
}
"""Messages that differ for variables, by rule, severity and key."""


def _place(at: Key, laid: Mapping[Key, Laid]) -> tuple[Key, bool]:
    """Returns the variable that sets a key, or the nearest one above or below it, and whether it sets exactly that key."""
    near = [
        (len(laid_variable.key) if laid_variable.key == at[: len(laid_variable.key)] else len(at), place)
        for place, laid_variable in laid.items()
        if laid_variable.effect == "set"
        and (laid_variable.key == at[: len(laid_variable.key)] or at == laid_variable.key[: len(at)])
    ]
    place = max(near, key=lambda candidate: candidate[0])[1] if near else ()
    return place, bool(place) and laid[place].key == at


def _right(rule: str, at: Key, fix: str, laid: Mapping[Key, Laid]) -> str:
    """Words the fix for variables."""
    if rule == "C001" and fix.startswith("write ") and any(laid_variable.key == at for laid_variable in laid.values()):
        return f"write {variable_of((*at[:-1], fix.removeprefix('write ')))}"
    if rule == "C011" and at == ("storage", "delete"):
        return "add the variable"
    drivers = {
        str(laid_variable.key[1])
        for laid_variable in laid.values()
        if laid_variable.key[:1] == ("storage",) and len(laid_variable.key) > 1
    }
    driver_names = [driver for driver in sorted(drivers) if driver in STORAGE]
    if (
        at == ("storage",)
        and len(driver_names) == 1
        and not any(laid_variable.key == at for laid_variable in laid.values())
    ):
        return f"write REGISTRY_STORAGE={driver_names[0]} too"
    return fix


def _effect(variable: Variable, laid: Laid, major: int) -> Found:
    """Finds the variables that do not set their key, and says what becomes of them."""
    name, place = variable.name, variable.place
    if laid.effect == "unknown":
        yield _ignored(name, place)
    elif laid.effect == "below":
        right = variable_of(laid.key)
        yield "C001", "error", place, f"the registry ignores it: {right} has no keys below it", f"write {right}"
    elif laid.effect == "other":
        yield "C001", "warning", place, f"registry {major} ignores it: registry {5 - major} reads it", "remove it"
    elif laid.effect == "indexed":
        yield "C001", "error", place, "registry 2 ignores it: it reads no index of a list", _list(laid)
    elif laid.effect == "lost":
        text = "its value is lost: registry 3 appends an empty text to the list"
        yield "C003", "error", place, text, _list(laid)
    elif laid.effect == "nested":
        yield (
            "C001",
            "warning",
            place,
            f"the registry ignores it: {variable_of(laid.key[:-1])} is set too",
            _mapping(laid),
        )
    elif variable.value == _UNREADABLE and laid.effect == "set":
        text = f"cannot be read as YAML, which the registry does: {ENDS}"
        of_header = laid.key[:2] == ("http", "headers")
        yield "C003", "error", place, text, f"write {name}='[\"…\"]'" if of_header else _quoted(name)
    elif laid.effect == "ends":
        yield "C003", "error", place, f"{laid.text}: {ENDS}", _mapping(laid)


def _needed(finding: One, laid: Mapping[Key, Laid]) -> One:
    """The finding on an ignored address of redis, if the cache of descriptors needs one."""
    place = finding[2]
    if place in laid and laid[place].effect == "other" and laid[place].key == ("redis", "addr"):
        text = f"registry 3 reads the list `addrs` instead of `addr`: {ENDS}"
        return "C016", "error", place, text, "write REGISTRY_REDIS_OPTIONS_ADDRS='[HOST:PORT]'"
    return finding


def _list(laid: Laid) -> str:
    return f"write {variable_of(laid.key)}='[…]', with all items"


def _mapping(laid: Laid) -> str:
    return f"write {variable_of(laid.key)}='{{…}}'" if laid.key[:2] == ("storage", "maintenance") else ""


def _alone(variable: Variable, laid: Laid, major: int) -> Found:
    """Finds what is wrong with a value, whatever is in the file below it."""
    if laid.effect != "set" or variable.value in (_OPEN, _UNREADABLE):
        return
    for rule, severity, _, text, fix in typed(laid.shape, as_read(variable.value, major), laid.key, major):
        yield rule, severity, variable.place, text, fix
    if len(laid.key) == 3 and laid.key[0] == "storage":
        driver, name = str(laid.key[1]), str(laid.key[2])
        for rule, severity, _, text, fix in unread(PARAMETERS.get(driver), {name: variable.value}, major, laid.key):
            yield rule, severity, variable.place, text, fix


def _in_its_table(path: list[str]) -> tuple[str, ...]:
    """The keys, as written in one word, that may be meant by a path whose last part alone is unknown."""
    table: Shape = CONFIG
    for part in path[:-1]:
        table = table.get(part, "") if isinstance(table, dict) else ""
    names = near_keys(path[-1], table) if isinstance(table, dict) else ()
    return tuple("".join((*path[:-1], name)) for name in names)


def _ignored(name: str, key: Key) -> One:
    """Names what the registry only logs and ignores. As for any ignored key, a slip is an error."""
    upper = name.upper()
    if name != upper and ":" not in name:
        return "C001", "error", key, "the registry ignores it: its name must be in capital letters", f"write {upper}"
    path = [part.lower() for part in name.split("_")[1:]]
    joined, last = "".join(path), path[-1]
    places = {"".join(place): place for place in places_of(CONFIG)}
    ends = tuple(word for word, place in places.items() if place[-len(path) :] == tuple(path))
    meant_words = _in_its_table(path) or near_keys(joined, places) or ends[:1]
    written = last.partition(":")[0]
    value = name.partition(":")[2].strip(": ")
    if written != last and (written_name := "".join((*path[:-1], written))) in places:
        right = variable_of(places[written_name])
        return (
            "C001",
            "error",
            key,
            f"has a `:` in its name, so {right} is not set",
            f"write {right}={value}, or {right}: {value}" if value else f"write {right}=VALUE, or {right}: VALUE",
        )
    if meant_words:
        right = " or ".join(variable_of(places[word]) for word in meant_words)
        return "C001", "error", key, f"names no key of the registry, did you mean {right}?", f"write {right}"
    text = f"names no key of the registry, which ignores it ({last})"
    return "C001", "warning", key, text, "the names are those of its configuration, with _ for each level"
