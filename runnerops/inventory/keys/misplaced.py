"""Where a key of the inventory belongs that stands in the wrong place. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from runnerops.inventory.keys.shape import InventoryShape, LayerShape
from runnerops.inventory.keys.typed import Kind, Shape, UnknownKey, key_of, kinds_of, options_of
from runnerops.model.common import Key

_MOST = 2
"""In how many places a key may be known. One that is known in more of them says little, for example `name`."""


_OF_ANSIBLE = {
    **dict.fromkeys(("ansible_host", "ansible_ssh_host"), "address: ADDRESS"),
    **dict.fromkeys(("ansible_user", "ansible_ssh_user"), "ssh: {user: NAME}"),
    **dict.fromkeys(("ansible_port", "ansible_ssh_port"), "ssh: {port: NUMBER}"),
    **dict.fromkeys(("ansible_ssh_private_key_file", "ansible_private_key_file"), "ssh: {key: PATH}"),
    "ansible_become": "ssh: {sudo: true}",
    **dict.fromkeys(("ansible_become_password", "ansible_become_pass"), "ssh: {sudo_password: !env NAME}"),
    **dict.fromkeys(("ansible_ssh_common_args", "ansible_ssh_extra_args"), "ssh: {gateway: HOST}, or use ssh_config"),
}
"""Variables of hosts in Ansible, and what to write instead."""
_MEANT = {
    "ssh": {
        **dict.fromkeys(("identity_file", "identityfile", "private_key", "private_key_file", "key_file"), "key"),
        **dict.fromkeys(("proxy_jump", "proxyjump", "jump", "jump_host", "bastion", "proxy"), "gateway"),
        **dict.fromkeys(("username", "login"), "user"),
        **dict.fromkeys(("become", "root"), "sudo"),
    },
    "rollout": {"serial": "batch", "max_fail_percentage": "max_failures", "any_errors_fatal": "max_failures"},
    "caches": {"remoteurl": "upstream", "remote_url": "upstream", "port": "listen", "addr": "listen", "tag": "image"},
}
"""By table: names of other programs for its keys."""


def meant_elsewhere(key: Key, known: tuple[str, ...]) -> str:
    """What to write for a key that another program calls so; empty if none does."""
    word, tables = str(key[-1]), [str(part) for part in key[:-1] if isinstance(part, str)]
    if word in _OF_ANSIBLE and "address" in known:
        return f"write {_OF_ANSIBLE[word]}"
    meant = _MEANT.get(tables[-1] if tables else "", {}).get(word.lower())
    return f"write {meant}" if meant in known else ""


def misplaced(unknown_key: UnknownKey, key: Key) -> tuple[str, str] | None:
    """What a message says about an unknown key that is known elsewhere, and the fix. `key` is its whole place."""
    word = str(key[-1])
    if len(key) == 3 and key[0] == "hosts" and key[1] in _names(LayerShape):
        return (
            f"unknown key: {key[1]} is taken for the name of a host here",
            f"indent {key[1]} below the name of its host",
        )
    if issubclass(unknown_key.shape, LayerShape) and word in _names(InventoryShape):
        return "unknown key, which belongs at the top of the inventory", f"write `{word}:` at the top, not indented"
    places = [*_below(unknown_key.shape, word)]
    if not places and issubclass(unknown_key.shape, LayerShape):
        places = [*_sections(word)]
    if 0 < len(places) <= _MOST:
        shown = " or ".join(f"{place}: {form}" for place, form in places)
        return f"unknown key, which belongs below {' or '.join(place for place, _ in places)}", f"write {shown}"
    if issubclass(unknown_key.shape, InventoryShape):
        if sections := [*_sections(word)]:
            shown = " or ".join(f"defaults: {{{section}: {form}}}" for section, form in sections)
            return f"unknown key, which belongs below {' or '.join(name for name, _ in sections)}", f"write {shown}"
        keys = ", ".join(sorted(unknown_key.known_keys))
        hint = "write `hosts:`, and below it, indented, the name of each host"
        return "unknown key", f"{hint}; the keys of an inventory are {keys}"
    return None


def _names(shape: Kind) -> set[str]:
    return {key_of(name) for name in kinds_of(shape)}


def _below(shape: Kind, word: str) -> Iterator[tuple[str, str]]:
    """The keys of a shape whose values have this key, each with the form of the value."""
    for name, kind in kinds_of(shape).items():
        for inner, listed in _shapes(kind):
            if word in _names(inner):
                yield key_of(name), f"[{{{word}: …}}]" if listed else f"{{{word}: …}}"


def _shapes(kind: Kind) -> Iterator[tuple[type[Shape], bool]]:
    """The shapes that a value of this type may have, each with whether they are in a list."""
    for option in options_of(kind):
        origin: Any = get_origin(option)
        if origin is Annotated:
            yield from _shapes(get_args(option)[0])
        elif origin is list:
            yield from ((inner, True) for inner, _ in _shapes(get_args(option)[0]))
        elif isinstance(option, type) and issubclass(option, Shape):
            yield option, False


def _sections(word: str) -> Iterator[tuple[str, str]]:
    """The sections that pass this key on to their managed system."""
    from runnerops.services.docker.schema import KEYS  # noqa: PLC0415  only for a mistake
    from runnerops.services.gitlab_runner.schema import TABLES  # noqa: PLC0415

    if word in KEYS:
        yield "docker", f"{{{word}: …}}"
    if word in TABLES["config"]:
        yield "gitlab_runner", f"{{{word}: …}}"
