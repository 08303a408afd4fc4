"""Images of the simulated daemon. They are pulled from an invented Docker Hub, through the first mirror that responds."""

from __future__ import annotations

import sys
import time

from runnerops.demo.simulated.shows import say, show_all
from runnerops.demo.simulated.world import RefusedError, World, random_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree


def image_ls(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker image ls`"""
    for name, image in world.engine["images"].items():
        repository, _, tag = name.rpartition(":")
        row = {"Repository": repository, "Tag": tag, "ID": image["id"][7:19], "Digest": image["digest"]}
        if {"q", "quiet"} & set(options):
            sys.stdout.write(f"{image['id'] if 'no-trunc' in options else row['ID']}\n")
        else:
            say(options.get("format", "{{.Repository}}   {{.Tag}}   {{.ID}}"), row, "*formatter.imageContext")
    return 0


def image_inspect(world: World, names: list[str], options: Tree) -> int:
    """`docker image inspect` of names or ids, as JSON or in a format."""
    images = world.engine["images"]
    tags = {image["id"]: tag for tag, image in images.items()}
    wanted = [tags.get(name, tagged(name)) for name in names]
    existing = [{"Id": images[tag]["id"], "RepoTags": [tag], "Config": {}} for tag in wanted if tag in images]
    show_all(existing, options, "types.ImageInspect")
    for tag in wanted:
        if tag not in images:
            raise RefusedError(f"Error response from daemon: No such image: {tag}")
    return 0


def pull(world: World, names: list[str], options: Tree) -> int:
    """`docker pull`: pulls an image and prints its name."""
    name = bring(world, names[0])
    repository = name if "/" in name else f"library/{name}"
    if not {"q", "quiet"} & set(options):
        sys.stdout.write(f"Status: Downloaded newer image for {name}\n")
    sys.stdout.write(f"docker.io/{repository}\n")
    return 0


def tagged(image: str) -> str:
    """The name with a tag."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def bring(world: World, image: str) -> str:
    """Pulls an image through the first mirror that responds, which then holds it. Raises RefusedError if the Hub lacks
    it.
    """
    from runnerops.demo.simulated import containers, daemon  # noqa: PLC0415

    name = tagged(image.removeprefix("docker.io/").removeprefix("library/"))
    repository, _, tag = name.rpartition(":")
    full_name = repository if "/" in repository else f"library/{repository}"
    if tag not in world.data["hub"].get(full_name, ()):
        raise RefusedError(
            f"Error response from daemon: manifest for {name} not found: manifest unknown: manifest unknown"
        )
    world.engine["images"].setdefault(name, {"id": f"sha256:{random_hex(32)}", "digest": f"sha256:{random_hex(32)}"})
    world.engine["pulls"].append({"at": time.time(), "image": name})
    for url in daemon.mirrors(world) or ():
        for container in world.engine["containers"]:
            published = [f"http://{address}:{port}/" for address, port in containers.ports(container)]
            if container["State"]["Running"] and container["Serves"] and url in published:
                cached = world.engine["volumes"][container["Serves"]["volume"]].setdefault("repositories", [])
                cached += [] if full_name in cached else [full_name]
                _log_request(world, container, f"/v2/{full_name}/manifests/{tag}")
                return name
    return name


def _log_request(world: World, container: Tree, place: str) -> None:
    """Adds a request to the access log of a registry."""
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    agent = f"docker/{world.engine['version']} go/go1.24 os/linux arch/amd64"
    text = f'{world.engine["bridge"]["address"]} - - [{at}] "GET {place} HTTP/1.1" 200 528 "" "{agent}"'
    container["Log"].append({"at": time.time(), "text": text})


def rmi(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker rmi`: refused if a container uses the image."""
    for name in map(tagged, names):
        if name not in world.engine["images"]:
            raise RefusedError(f"Error response from daemon: No such image: {name}")
        if any(container["Config"]["Image"] == name for container in world.engine["containers"]):
            raise RefusedError(f'Error response from daemon: conflict: unable to remove repository reference "{name}"')
        del world.engine["images"][name]
        sys.stdout.write(f"Untagged: {name}\n")
    return 0
