"""The free space of a cache's volume. With a full disk, a registry continues to serve but stores nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.services.registry.caches import OwnCache
from runnerops.services.registry.format import NAME
from runnerops.services.verify import NO_ANSWER, Call, Check

SCARCE_KIB = 1 << 20
"""The space that a day's images need: some are larger than a gigabyte."""

_NO_DRIVER = frozenset({"cache", "delete", "maintenance", "redirect", "tag"})
"""Keys of `storage` that name no storage driver."""


@frozen
class Space:
    """The space of a volume's file system, in KiB. `inodes` and `free_inodes` are 0 if it does not count them."""

    size: int
    free: int
    inodes: int = 0
    free_inodes: int = 0

    @property
    def scarce(self) -> str:
        """Returns what is running short; empty if there is enough."""
        if self.free < min(SCARCE_KIB, self.size // 20):
            return "space"
        return "inodes" if self.inodes and self.free_inodes < self.inodes // 100 else ""

    @property
    def text(self) -> str:
        """`12.3 of 98.0 GiB free`."""
        if self.scarce == "inodes":
            return f"{self.free_inodes} of {self.inodes} inodes free"
        unit, name = (1 << 20, "GiB") if self.size >= 1 << 20 else (1 << 10, "MiB")
        return f"{self.free / unit:.1f} of {self.size / unit:.1f} {name} free"


def keeps_on_volume(cache: OwnCache) -> bool:
    """Whether a cache keeps its content in its volume, not in an object store or in a folder of its container."""
    storage = cache.config.get("storage")
    drivers = set(storage) - _NO_DRIVER if isinstance(storage, dict) else set()
    files = storage.get("filesystem") if isinstance(storage, dict) else None
    return drivers <= {"filesystem"} and not (isinstance(files, dict) and "rootdirectory" in files)


def space_questions(caches: Iterable[OwnCache]) -> Iterator[Call]:
    """Returns the questions, which functions of verify.sh answer."""
    return (("verify_registry_space", cache.name) for cache in caches if keeps_on_volume(cache))


def space_of(cache: OwnCache, answers: Answers) -> Space | None:
    """Returns what `df` printed; None if it was not asked, or failed."""
    words = answers.get(f"registry_space/{cache.name}", NO_ANSWER).text.split()
    if len(words) not in {2, 4} or not all(map(str.isdecimal, words)):
        return None
    return Space(*map(int, words))


def space_check(cache: OwnCache, answers: Answers) -> Check | None:
    """Returns the check of a volume's space; None if the volume is not known."""
    space = space_of(cache, answers)
    if space is None:
        return None
    title = f"the volume of cache {cache.name} has room ({space.text})"
    if not space.scarce:
        return Check("space", NAME, title)
    reason = f"there is too little {space.scarce} left: what does not fit is passed on but not kept"
    fix = "make the volume larger, or give the cache a shorter `ttl`"
    return Check("space", NAME, title, "fail", reason, fix)
