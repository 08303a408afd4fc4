"""What is secret in files, told to the redactor before anything of them is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.model.common import Tree
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.planning.lint import trees_of
from runnerops.redact import Redactor, secret_values
from runnerops.services import service_of


def learn_secrets(redactor: Redactor, clear: frozenset[str], files: Sequence[RenderedFile]) -> frozenset[str]:
    """What is secret in these files, now in every message too; `clear` is what may be shown. Raises ParseError."""
    return learn_trees(redactor, clear, trees_of(files))


def learn_trees(redactor: Redactor, clear: frozenset[str], trees: Mapping[FileSpec, Tree]) -> frozenset[str]:
    """The same, of files that are parsed already."""
    found = (secret_values(service_of(spec.service), tree, clear) for spec, tree in trees.items())
    secret = frozenset(value for values in found for value in values)
    redactor.learn(secret)
    return secret
