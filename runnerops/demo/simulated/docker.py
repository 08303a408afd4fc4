"""The docker client, simulated. The state of its daemon is part of the file of `world.py`."""

from __future__ import annotations

import sys

from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import NO_DOCKER, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree

_COMMANDS = {
    "docker_system": ("info", "version", "events"),
    "docker_ps": ("ps", "container ls", "inspect", "container inspect"),
    "docker_networks": ("network inspect", "network ls", "volume inspect", "volume ls", "volume rm"),
    "images": ("images", "image ls", "image inspect", "pull", "rmi"),
    "guests": ("logs", "create", "run", "rm", "start", "stop", "update"),
}
"""Commands by the module that has a function of the same name. Only that module is imported."""
_ALIASES = {"container ls": "ps", "container inspect": "inspect", "images": "image ls"}
_VALUED = (
    "-f",
    "--format",
    "--filter",
    "--since",
    "--until",
    "--type",
    "--platform",
    "--label",
    "--network",
    "--entrypoint",
    "--restart",
    "--runtime",
)


def docker(words: list[str]) -> int:
    """Executes one command. A plugin parses its own arguments."""
    if words[:1] == ["compose"]:
        from runnerops.demo.simulated.compose import compose  # noqa: PLC0415

        return compose(words[1:])
    if words[:1] in (["--version"], ["-v"]):
        with LockedWorld() as world:
            sys.stdout.write(f"Docker version {world.engine['version']}, build simulated\n")
        return 0
    verb = " ".join(words[:2]) if words[:1] in (["image"], ["network"], ["volume"], ["container"]) else words[0]
    room = next((name for name, verbs in _COMMANDS.items() if verb in verbs), "")
    if not room:
        raise RefusedError(f"docker: '{verb}' is not simulated.\nSee 'docker --help'")
    options, arguments = split(words[len(verb.split()) :], _VALUED[1:] if verb == "rm" else _VALUED)
    with LockedWorld() as world:
        if world.units["docker.service"]["active"] != "active" and verb not in {"info", "version"}:
            raise RefusedError(NO_DOCKER)
        module = __import__(f"runnerops.demo.simulated.{room}", fromlist=["*"])
        status: int = getattr(module, _ALIASES.get(verb, verb).replace(" ", "_"))(world, arguments, options)
        return status


def split(words: list[str], valued: tuple[str, ...] = _VALUED) -> tuple[Tree, list[str]]:
    """Splits arguments into options (`filter` is a list of pairs, flags are true, short ones have a letter as name) and
    others.
    """
    options: Tree = {"filter": []}
    arguments = []
    follows = iter(words)
    for word in follows:
        name, equals, value = word.partition("=")
        if name in valued:
            value = value if equals else next(follows, "")
            if name == "--filter":
                options["filter"].append(tuple(value.partition("=")[::2]))
            options.setdefault(name.lstrip("-").replace("f", "format", name == "-f"), value)
        elif word.startswith("--"):
            options[word[2:]] = True
        elif word.startswith("-"):
            options |= dict.fromkeys(word[1:], True)
        else:
            arguments.append(word)
    return options, arguments
