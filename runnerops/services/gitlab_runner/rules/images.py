"""Names of images that Docker and Kubernetes refuse. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.rules.walk import is_open
from runnerops.services.shared.images import image_problem

_AROUND = " \"'"
"""What may stand around the name of an image by mistake."""


def images(executor: Tree, key: Key) -> Found:
    """Checks the images of `[runners.docker]` or `[runners.kubernetes]`, which is at `key`, and of its services."""
    services = executor.get("services")
    images: list[tuple[Key, Value]] = [((*key, name), executor.get(name)) for name in ("image", "helper_image")]
    for index, service in enumerate(services if isinstance(services, list) else ()):
        images.append(((*key, "services", index, "name"), service.get("name") if isinstance(service, dict) else None))
    for place, image in images:
        if isinstance(image, str) and image and not is_open(image):
            problem, fix = image_problem(image)
            plain = image.partition("://")[2].rstrip("/").lower()
            if plain and not image_problem(plain)[0]:
                problem, fix = "is a URL, and no name of an image", f"write {plain}"
            elif problem and not image_problem(image.strip(_AROUND).lower())[0]:
                fix = f"write {image.strip(_AROUND).lower()}"
            if problem:
                yield "R015", "error", place, f"{problem}: every job that uses it would fail", fix
