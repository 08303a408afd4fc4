"""The registry image of a cache, unless the inventory names another. Pure."""

DEFAULT_IMAGE = "registry:3.1.1"
"""An exact version of the official image, so that a deploy of the same inventory gives the same container for years."""


def major(image: str) -> int | None:
    """The major version that an image's tag names: 2 for `registry:2.8`; None where the tag names none."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    digits = tag.lstrip("v").partition(".")[0].partition("-")[0]
    return int(digits) if digits.isdecimal() else None


def short(image: str) -> str:
    """The name under which `docker image ls` lists it: without Docker Hub's own prefixes, with a tag."""
    name = image.removeprefix("docker.io/").removeprefix("index.docker.io/").removeprefix("library/")
    repository, at, digest = name.partition("@")
    if at:
        return f"{_untagged(repository)}@{digest}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _untagged(repository: str) -> str:
    folder, slash, last = repository.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"
