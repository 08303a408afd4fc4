"""An earlier config.toml, as if an inventory asked for it, without what the runner owned. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Tree
from runnerops.model.inventory import FileSpec, RenderedFile, Restored
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format import NAME, PATH, parse, runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.schema import HOST_OWNED


def restore(files: Mapping[str, bytes | None]) -> Restored:
    """Tokens, ids and dates stay as the host has them now, because a token may have been replaced and the old one is
    invalid.

    A runner that the host has lost gets its earlier ones (`before`), because there are no later ones. If there was no
    file, an empty one is asked for: gitlab-runner continues to use its configuration if the file disappears.
    """
    path, content = next(iter(files.items()), (PATH, None))
    spec = FileSpec(NAME, path, "config.toml.j2", "toml", mode="0600")
    try:
        tree = parse(content or b"")
    except ParseError:
        return Restored({}, (RenderedFile(spec, content),))
    own_tree = _without_own(tree)
    text = content if own_tree == tree else to_toml(own_tree).encode()
    note = "tokens, ids and dates stay as the host has them; a runner that the host no longer has gets those that it had then"
    notes = () if own_tree == tree else (note,)
    return Restored(
        own_tree, (RenderedFile(spec, text or b""),) if files else (), notes=notes, before=tree, content=content
    )


def _without_own(tree: Tree) -> Tree:
    runners = [{name: value for name, value in runner.items() if name not in HOST_OWNED} for runner in runners_of(tree)]
    return {**tree, "runners": [*runners]} if runners else tree
