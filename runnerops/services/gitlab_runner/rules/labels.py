"""Labels of config.toml. With a wrong one, the whole file is not loaded. Pure.

Source: `common/labels.go` of gitlab-runner, 18.5 to 19.3.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.gitlab_runner.rules.found import Found, since
from runnerops.services.gitlab_runner.version import Version

_NAME = late_pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]{2,64}")
_VALUE = late_pattern(r"[A-Za-z0-9._-]{1,256}")
_MOST = 32
_SINCE = "18.5"
"""The first release that reads labels. An older one ignores them."""

_WHOLE = f"since {_SINCE}, the runner refuses the whole file"


def labels(tree: Tree, version: Version) -> Found:
    """Checks the labels of the file, and of each of its runners, which gets both."""
    if severity := since(_SINCE, version):
        yield from ((rule, severity, key, text, fix) for rule, _, key, text, fix in _problems(tree))


def _problems(tree: Tree) -> Found:
    common = _labels(tree)
    yield from _written(common, ("labels",))
    runners = runners_of(tree)
    if runners and len(common) > _MOST:
        text = f"are {len(common)} labels, but a runner can have at most {_MOST}, including these: {_WHOLE}"
        yield "R018", "error", ("labels",), text, "take some out"
    for index, runner in enumerate(runners):
        own_labels, key = _labels(runner), ("runners", index, "labels")
        yield from _written(own_labels, key)
        if len(common) <= _MOST < len(common | own_labels):
            text = (
                f"are {len(common | own_labels)} labels with those of the whole file, but a runner can have at most {_MOST}:"
                f" {_WHOLE}"
            )
            yield "R018", "error", key, text, "take some out"


def _labels(tree: Tree) -> Tree:
    labels_tree = tree.get("labels")
    return labels_tree if isinstance(labels_tree, dict) else {}


def _written(labels_tree: Tree, key: Key) -> Found:
    for name, value in labels_tree.items():
        if not _NAME.fullmatch(name):
            text = f"is not a valid name of a label: {_WHOLE}"
            yield "R018", "error", (*key, name), text, "write 3 to 65 letters, digits, `.`, `_` and `-`"
        elif isinstance(value, str) and not _VALUE.fullmatch(value):
            text = f"is not a valid value of a label: {_WHOLE}"
            yield "R018", "error", (*key, name), text, "write 1 to 256 letters, digits, `.`, `_` and `-`"
