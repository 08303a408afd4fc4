"""Checks whether Docker accepts the name of an image. Pure."""

from __future__ import annotations

from runnerops.model.common import Key
from runnerops.services.registry.rules.found import Found
from runnerops.services.shared.images import host_of_image, image_problem

_REFUSES = "Docker refuses it"


def image_name(image: str, key: Key) -> Found:
    """`image` has no variable in it."""
    problem, fix = image_problem(image)
    host = host_of_image(image.partition("@")[0])
    if problem:
        yield "K002", "error", key, f"{problem}: {_REFUSES}", fix
    elif host and not set(".:[") & set(host) and host != "localhost":
        text = f"has capital letters, so {host} is read as the address of a registry"
        yield "K002", "warning", key, text, "write lower-case letters if it is a name on Docker Hub"
