"""Moves secrets out of an adopted section: each becomes a `!env`, and a variable with its value. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from runnerops.adopt.layers import verbatim
from runnerops.frozen import mutable
from runnerops.model.common import Key, Secret, SourceLocation, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.redact import Masker
from runnerops.redact.texts import prefix_of, secret_spans
from runnerops.secrets.dotenv import can_hold

_SAID_ELSEWHERE = frozenset({"runners", "caches", "config", "environment"})
"""Parts of a key that would make the name of its variable longer, but not clearer."""

_NO_LETTER = late_pattern(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")

_NOWHERE = SourceLocation("", 0, 0)


class SecretName(str):
    """Replaces the name of a key that is itself secret with that of its variable. Templates support this, sections do
    not.
    """

    __slots__ = ()

    @property
    def secret(self) -> Secret:
        """The reference to that variable (`!env NAME`)."""
        return Secret("env", str(self), _NOWHERE)


@mutable
class Vault:
    """Variables by name. Equal values share one. `taken_variables` are those that already have a value, here or in the
    environment.

    `shared` are the variables in what the host inherits.
    """

    host: str
    taken_variables: Mapping[str, str]
    shared: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    clear: list[Key] = field(default_factory=list)
    """Places of secrets that no `.env` can hold."""

    def empty(self, service: str, section: Tree) -> Tree:
        """The section without its secrets. Texts in which the inventory would replace something are marked."""
        masked = Masker().of_inventory((service,), section)
        emptied = verbatim(self._value((service,), section, masked))
        assert isinstance(emptied, dict)
        return emptied

    def emptied(self, service: str, value: Value) -> Value:
        """Any value of a file of the service without its secrets, which may also be in names."""
        return self._named((service,), self._value((service,), value, Masker().of_inventory((service,), value)))

    def _named(self, key: Key, value: Value) -> Value:
        if isinstance(value, list):
            return [self._named(key, item) for item in value]
        if not isinstance(value, dict):
            return value
        entries: Tree = {}
        for name, item in value.items():
            secret = secret_spans(name) and can_hold(name)
            entries[SecretName(self._name((*key, "name"), name)) if secret else name] = self._named((*key, name), item)
        return entries

    def _value(self, key: Key, value: Value, masked: Value) -> Value:
        if isinstance(value, dict) and isinstance(masked, dict):
            return {name: self._value((*key, name), item, masked[name]) for name, item in value.items()}
        if isinstance(value, list) and isinstance(masked, list):
            pairs = zip(value, masked, strict=True)
            return [self._value((*key, index), item, masked_item) for index, (item, masked_item) in enumerate(pairs)]
        if value == masked or isinstance(value, bool | dict | list) or value is None or _is_ours(key, value):
            return value
        text = str(value)  # a password of digits only may be a number
        if not can_hold(text):
            self.clear.append(key)
            return value
        return Secret("env", self._name(key, text), _NOWHERE)

    def _name(self, key: Key, value: str) -> str:
        """An unused name that says where the variable is used."""
        all_variables = {**self.shared, **self.variables}
        for known_name, text in all_variables.items():
            if text == value:
                return known_name
        parts = [part for part in key[1:] if isinstance(part, str) and part not in _SAID_ELSEWHERE]
        words = (_NO_LETTER.sub("_", part).strip("_") for part in (self.host, *parts, prefix_of(value)))
        base = re.sub(r"^(?=\d)", "HOST_", "_".join(filter(None, words)).upper()) or "SECRET"
        name, count = base, 1
        while name in all_variables or self.taken_variables.get(name, value) != value:
            count += 1
            name = f"{base}_{count}"
        self.variables[name] = value
        return name


def _is_ours(key: Key, value: Value) -> bool:
    """Whether this is the token of a runner, which stays on the host."""
    return key[-1] == "token" and value == "keep"
