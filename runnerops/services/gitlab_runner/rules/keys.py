"""Compares the keys of config.toml with the tables: whether they exist, have the right type, and exist in the host's
version. Pure.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.odd_numbers import as_written
from runnerops.services.gitlab_runner.rules.found import Found, One
from runnerops.services.gitlab_runner.rules.kinds import CHECKS, FIXES, ITEMS, PAIRS, WORDS, as_list, as_table
from runnerops.services.gitlab_runner.rules.names import headless, meant, plain_names
from runnerops.services.gitlab_runner.schema import TABLES, Known
from runnerops.services.gitlab_runner.version import Version, version_of


def check_table(table: str, tree: Tree, key: Key, version: Version) -> Found:
    """Checks keys and types of a table and those below it. The runner ignores the case of keys, and unknown keys."""
    keys = TABLES[table]
    excerpt = table == "config" and "runners" not in {name.lower() for name in tree}
    early = tuple(headless(table, tree)) if table in {"config", "session_server"} else ()
    yield from ((rule, severity, (*key, *place), text, fix) for rule, severity, place, text, fix in early)
    for name, value in tree.items():
        if early and name in TABLES["runner"] and name not in keys:
            continue
        inner_key: Key = (*key, name)
        if known_file := keys.get(name) or keys.get(plain_names(table).get(name.lower(), "")):
            yield from _timely(known_file, inner_key, version)
            yield from _read(known_file, version, _value(known_file.kind, value, inner_key, version))
        elif table == "config" and (top := _of_the_top(name, value)):
            text = f"the runner ignores this table: {', '.join(top)} belongs to the top of the file"
            yield "R006", "error", inner_key, text, f"take the heading [{name}] out"
        else:
            from runnerops.services.gitlab_runner.rules.unknown import unknown  # noqa: PLC0415  few files have one

            yield unknown(name, table, inner_key, version, excerpt=excerpt)


def _of_the_top(name: str, value: Value) -> list[str]:
    """The keys of the whole file that stand below a heading of the user's own, such as `[global]`."""
    below = value if isinstance(value, dict) and not meant(name, "config") else {}
    return [key for key in below if key in TABLES["config"] and key not in TABLES["runner"]]


def by_table(table: str, tree: Tree) -> Tree:
    """The same tree with keys as the tables write them, so that rules can find them."""
    keys = TABLES.get(table, {})
    lower_keys: Tree = {}
    for name, value in tree.items():
        real = name if name in keys else plain_names(table).get(name.lower(), name)
        kind, _, inner = (keys[real].kind if real in keys else "").partition(" ")
        if kind == "table" and isinstance(value, dict):
            lower_keys[real] = by_table(inner, value)
        elif kind == "[table" and isinstance(value, list):
            lower_keys[real] = [by_table(inner[:-1], table) if isinstance(table, dict) else table for table in value]
        else:
            lower_keys[real] = value
    return lower_keys


_SUCCESSORS = {
    "pre_clone_script": "pre_get_sources_script",
    "post_clone_script": "post_get_sources_script",
    "terminationgraceperiodseconds": "pod_termination_grace_period_seconds",
}


def _timely(known_file: Known, key: Key, version: Version) -> Found:
    if version and version < version_of(known_file.since):
        message = f"this host's runner does not know it before {known_file.since}"
        yield "R007", "warning", key, message, "upgrade gitlab-runner there"
    if known_file.until and (not version or version >= version_of(known_file.until)):
        message = f"the runner does not know it any more since {known_file.until}, and ignores it"
        later = _SUCCESSORS.get(str(key[-1]).lower(), "its successor")
        yield "R007", "warning", key, message, f"take it out, or write {later}"


def _read(known_file: Known, version: Version, findings: Found) -> Found:
    """The findings on the value of a key, unless the runner does not read the key. It may not if `until` is given."""
    if version and (
        version < version_of(known_file.since) or (known_file.until and version >= version_of(known_file.until))
    ):
        return
    for rule, severity, key, text, fix in findings:
        if known_file.until and not version:
            yield rule, "warning", key, f"{text} (before {known_file.until})", fix
        else:
            yield rule, severity, key, text, fix


def _value(kind: str, value: Value, key: Key, version: Version) -> Found:
    word, _, table = kind.partition(" ")
    if word == "[table":
        if isinstance(value, dict):
            yield _alone(value, key)
            yield from _value(f"table {table[:-1]}", value, key, version)
            return
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            rule, severity, _, text, _ = _wrong(key, "[table]")
            yield rule, severity, key, text, f"write [[{_heading(key)}]] once for each, with its keys below"
            return
        for index, item in enumerate(value):
            yield from _value(f"table {table[:-1]}", item, (*key, index), version)
    elif word == "duration" and isinstance(value, int) and not isinstance(value, bool):
        if value:
            yield (
                "R010",
                "warning",
                key,
                "a number without a unit means nanoseconds",
                'write a duration in quotes, like "15m"',
            )
    elif word in PAIRS and not isinstance(value, dict):
        text = f"must be {WORDS[word]}: the runner silently ignores anything else"
        between = ":" if key[-1] == "node_tolerations" else "="
        heading = f"write [{_heading(key)}], with one bracket at each side" if _is_below(value) else ""
        fix = heading or as_table(value, word, between) or f"write a [table] with the keys and values of {key[-1]}"
        yield "R008", "warning", key, text, fix
    elif word == "table" and isinstance(value, list) and not _is_below(value):
        text = f"must be {WORDS[word]}: the runner refuses the whole file"
        yield "R008", "error", key, text, _heading_for(table, key)
    elif not (word == "table" and isinstance(value, dict)):
        yield from _plain(word, value, key)
    else:
        yield from check_table(table, value, key, version)


def _plain(word: str, value: Value, key: Key) -> Found:
    """Checks each item of a list, or of a table with the user's own names, at its own place."""
    if word in ITEMS and isinstance(value, dict | list) and isinstance(value, list) is word.startswith("["):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _plain(ITEMS[word], item, (*key, part))
    elif not CHECKS[word](value):
        yield _wrong(key, word, value)


def _wrong(key: Key, word: str, value: Value = None) -> One:
    if word == "str" and isinstance(value, dict) and isinstance(key[-1], str):
        return _no_table(key, value)
    if key[-1] == "shm_size":
        return (
            "R008",
            "error",
            key,
            f"must be {WORDS[word]}: the runner refuses the whole file",
            "write the number of bytes",
        )
    fix = FIXES[word]
    if word == "str" and isinstance(value, bool | int | float):
        fix = f'put it in quotes: "{as_written(value)}"'
    elif word == "str" and isinstance(key[-1], int) and isinstance(value, list | dict):
        texts = [item for item in (value.values() if isinstance(value, dict) else value) if isinstance(item, str)]
        fix = f'write "{texts[0]}"' if len(texts) == len(value) == 1 else "write one text for each item"
    elif word == "str" and isinstance(value, list):
        fix = 'write one text; one of several lines has """ on both sides'
    elif word == "table" and isinstance(value, list):
        fix = f"write [{_heading(key)}], with one bracket at each side"
    elif word == "[str]" and value and isinstance(value, str | dict):
        fix = as_list(value, ":" if key[-1] == "extra_hosts" else "=") or fix
    return "R008", "error", key, f"must be {WORDS[word]}: the runner refuses the whole file", fix


def _heading_for(table: str, key: Key) -> str:
    """What to write for a list without tables where a table is expected."""
    names = list(TABLES[table])
    if TABLES[table][names[0]].kind.startswith("[table"):
        return f"write [[{_heading(key)}.{names[0]}]] with its keys, or another of {', '.join(names)}"
    return f"write [{_heading(key)}], and below it its keys, such as {names[0]}"


def _heading(key: Key) -> str:
    return ".".join(part for part in key if isinstance(part, str))


def _no_table(key: Key, value: Tree) -> One:
    """A table in the place of a text: by a heading, or by the dots of a key without quotes."""
    below: Value = value
    name = str(key[-1])
    while isinstance(below, dict) and len(below) == 1:
        part, below = next(iter(below.items()))
        name += f".{part}"
    if value and not isinstance(below, dict):
        text = "is a table, because its key has dots and no quotes: the runner refuses the whole file"
        return "R008", "error", key, text, f'write "{name}" = …'
    text = "must be text, and no table: the runner refuses the whole file"
    return "R008", "error", key, text, f'write {key[-1]} = "…", or take the table out'


def _is_below(value: Value) -> bool:
    """Whether it is a table, or a list of tables."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _alone(value: Tree, key: Key) -> One:
    """A table instead of a list of tables. If it contains only tables, a heading is probably missing."""
    name = _heading(key)
    below = next(iter(value), "")
    if below and all(map(_is_below, value.values())):
        text = f"there is no [[{name}]] above [{name}.{below}]: the runner refuses the whole file"
        return "R008", "error", key, text, f"write a line [[{name}]] above it"
    text = f"must be a list of tables: the runner refuses the whole file; is its heading [{name}]?"
    return "R008", "error", key, text, f"write [[{name}]], with two brackets at each side"
