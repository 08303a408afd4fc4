"""The texts of the templates and the inventory that are no secrets, for commands that do not render. No secret is
resolved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.errors import RunneropsError
from runnerops.model.common import Secret
from runnerops.model.inventory import Host, Inventory
from runnerops.planning.lint import trees_of
from runnerops.redact import rendered_texts
from runnerops.render import Renderer
from runnerops.secrets import PLACEHOLDER
from runnerops.services.base import ParseError


class _Placeholders:
    """Resolves every secret to a placeholder."""

    def resolve(self, secret: Secret) -> str:  # noqa: ARG002
        return PLACEHOLDER


def non_secret_texts(loaded: Inventory, hosts: Sequence[Host]) -> Mapping[str, frozenset[str]]:
    """By host, the texts of its files that contain no secret. A host whose templates cannot be rendered has none, so
    its files are masked: it can be removed or rolled back nevertheless.
    """
    renderer = Renderer(loaded.folder / "templates", _Placeholders(), loaded.templates)
    by_host: dict[str, frozenset[str]] = {}
    for host in hosts:
        try:
            trees = trees_of(renderer.files(host)).values()
        except (RunneropsError, ParseError):
            continue
        by_host[host.name] = frozenset(text for tree in trees for text in rendered_texts(tree, (PLACEHOLDER,)))
    return by_host
