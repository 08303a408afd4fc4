"""Tells the redactor which texts of files are secret, before anything from the files is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.model.common import Tree
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.planning.lint import trees_of
from runnerops.redact import Redactor, secret_values
from runnerops.services import service_of


def learn_secrets(redactor: Redactor, clear: frozenset[str], files: Sequence[RenderedFile]) -> frozenset[str]:
    """Adds the secrets of these files to the redactor, which masks them in every message. `clear` is what may be shown.
    Raises ParseError.
    """
    return learn_trees(redactor, clear, trees_of(files))


def learn_trees(redactor: Redactor, clear: frozenset[str], trees: Mapping[FileSpec, Tree]) -> frozenset[str]:
    """Does the same with files that are parsed already."""
    secrets = (secret_values(service_of(spec.service), tree, clear) for spec, tree in trees.items())
    secret = frozenset(value for values in secrets for value in values)
    redactor.learn(secret)
    return secret
