"""Which `[[runners]]` of two config.toml are the same runner. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from runnerops.model.common import Tree, Value


def match(observed: Sequence[Tree], desired: Sequence[Tree]) -> dict[int, int]:
    """For each wanted runner, by index, the same runner on the host: one that is equal, else by token, id, or name and
    url.

    Several may have the same token. Then the name decides, and if that is equal too, their order.
    """
    partners: dict[int, int] = {}
    for tell, in_order in ((_by_all, True), (_by_both, True), (_by_token, True), (_by_id, False), (_by_name, False)):
        for index, runner in enumerate(desired):
            identity = tell(runner)
            if index in partners or identity is None or (tell is _by_name and _is_one_of_several(desired, index)):
                continue
            free = [
                candidate
                for candidate in range(len(observed))
                if candidate not in partners.values() and tell(observed[candidate]) == identity
            ]
            if len(free) == 1 or (free and in_order):
                partners[index] = free[0]
    return partners


def _is_one_of_several(desired: Sequence[Tree], index: int) -> bool:
    """Whether another runner without token and id has the same name and url: see `match_equals`."""
    alike = [table for table in desired if _is_known_by_name(table) and _by_name(table) == _by_name(desired[index])]
    return _is_known_by_name(desired[index]) and len(alike) > 1


def _is_known_by_name(runner: Tree) -> bool:
    return not runner.get("token") and not runner.get("id")


def match_renamed(
    observed: Sequence[Tree], desired: Sequence[Tree], renamed: Mapping[str, str], partners: Mapping[int, int]
) -> dict[int, int]:
    """Adds renamed runners to `partners`: by the old name; else, if no token is given, by url, executor and id.

    The latter only if one runner is left on each side, because otherwise it is not certain which is which.
    """
    pairs = dict(partners)
    for index, runner in enumerate(desired):
        was = renamed.get(str(runner.get("name")))
        old = _by_name({**runner, "name": was})
        free = [candidate for candidate in _free(observed, pairs) if _by_name(observed[candidate]) == old]
        if index not in pairs and was and len(free) == 1:
            pairs[index] = free[0]
    unpaired = [index for index, runner in enumerate(desired) if index not in pairs and "token" not in runner]
    for index in unpaired:
        free = [candidate for candidate in _free(observed, pairs) if _alike(observed[candidate], desired[index])]
        if len(free) == 1 and sum(_alike(observed[free[0]], desired[peer]) for peer in unpaired) == 1:
            pairs[index] = free[0]
    return pairs


def match_equals(
    observed: Sequence[Tree], desired: Sequence[Tree], partners: Mapping[int, int], apart: Callable[[Tree, Tree], int]
) -> dict[int, int]:
    """Adds to `partners` runners with equal name and url that nothing else tells apart: by their settings, else by
    their order.

    `apart` counts the keys in which two differ. A pair must be alike, or closer to each other than to any other of that
    name. So no runner gets the token of another if somebody has moved the blocks.
    """
    pairs = dict(partners)
    for wanted in _of_one_name(desired, pairs):
        candidates = [
            candidate
            for candidate in _free(observed, pairs)
            if _by_name(observed[candidate]) == _by_name(desired[wanted[0]])
        ]
        pairs |= _alike_pairs(observed, desired, (candidates, wanted), apart)
        unpaired = [index for index in wanted if index not in pairs]
        free = [candidate for candidate in candidates if candidate not in pairs.values()]
        if len(unpaired) == len(free) and _are_nearest(
            [observed[o] for o in free], [desired[i] for i in unpaired], apart
        ):
            pairs |= dict(zip(unpaired, free, strict=True))
    return pairs


def _of_one_name(desired: Sequence[Tree], partners: Mapping[int, int]) -> Iterator[list[int]]:
    """Runners without a partner, a token and an id, grouped by name."""
    ids = [_by_id(table) for table in desired]
    bare = [
        i
        for i, table in enumerate(desired)
        if _is_known_by_name(table) or (not table.get("token") and ids.count(ids[i]) > 1)
    ]
    unpaired = [index for index in bare if index not in partners]
    while unpaired:
        alike = [index for index in unpaired if _by_name(desired[index]) == _by_name(desired[unpaired[0]])]
        yield alike
        unpaired = [index for index in unpaired if index not in alike]


def _alike_pairs(
    observed: Sequence[Tree],
    desired: Sequence[Tree],
    indices: tuple[Sequence[int], Sequence[int]],
    apart: Callable[[Tree, Tree], int],
) -> dict[int, int]:
    """Pairs that do not differ at all, if there are equally many on both sides."""
    pairs: dict[int, int] = {}
    candidates, wanted = indices
    for index in wanted:
        twins = [twin for twin in wanted if not apart(desired[twin], desired[index])]
        same = [candidate for candidate in candidates if not apart(observed[candidate], desired[index])]
        if len(twins) == len(same):
            pairs |= dict(zip(twins, same, strict=True))
    return pairs


def _are_nearest(observed: Sequence[Tree], desired: Sequence[Tree], apart: Callable[[Tree, Tree], int]) -> bool:
    """Whether each is closer to its counterpart than any other is to either of the two. Equal ones on the host are
    equally close.
    """
    at = range(len(observed))
    far = [[apart(old, new) for new in desired] for old in observed]
    return all(
        far[i][i] < min(far[i][j], far[j][i]) or not apart(observed[i], observed[j]) for i in at for j in at if i != j
    )


def _free(observed: Sequence[Tree], partners: Mapping[int, int]) -> list[int]:
    return [index for index in range(len(observed)) if index not in partners.values()]


def _alike(observed: Tree, desired: Tree) -> bool:
    """Whether GitLab and executor are the same, and no other id is asked for."""
    keys = [(normal_url(table.get("url")), table.get("executor")) for table in (observed, desired)]
    return keys[0] == keys[1] and desired.get("id") in (None, observed.get("id")) and bool(observed.get("token"))


def rivals(observed: Sequence[Tree], runner: Tree) -> list[int]:
    """Runners on the host with this runner's name and url. If there is more than one, it cannot be told
    which is meant.
    """
    return [index for index, table in enumerate(observed) if _by_name(table) == _by_name(runner)]


def _by_all(runner: Tree) -> object:
    return runner if runner.get("token") else None


def _by_both(runner: Tree) -> object:
    return (runner["token"], _by_name(runner)) if runner.get("token") else None


def _by_token(runner: Tree) -> object:
    return runner.get("token") or None


def _by_id(runner: Tree) -> object:
    """The id together with the GitLab, because two GitLabs may give the same id."""
    return (runner["id"], normal_url(runner.get("url"))) if runner.get("id") else None


def _by_name(runner: Tree) -> object:
    return runner.get("name") or "", normal_url(runner.get("url"))


def normal_url(url: Value) -> Value:
    """Scheme and host in lower case, no slash at the end."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user}{at}{host.lower()}", parts.path.rstrip("/"), parts.query, parts.fragment))
