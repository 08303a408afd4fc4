"""The daemon.json from before the first run if nobody else changed it since; otherwise the present one without our
keys. Pure.
"""

from __future__ import annotations

from runnerops.model.common import ABSENT
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Removal
from runnerops.services.base import RemovalRequest
from runnerops.services.docker.diff import differ, path_of, read, tree_of
from runnerops.services.docker.format import NAME, text_of
from runnerops.services.keep import keep
from runnerops.services.removal import as_before, original_of, take_back


def remove(request: RemovalRequest) -> Removal | None:
    """Returns the original byte for byte if nothing else is to be kept. A file that would be empty and did not exist
    before is removed.

    Without an original, the keys of the inventory count as ours.
    """
    host, observed = request.host, request.observed
    path = path_of(observed)
    if path not in request.paths:
        return None
    file, original = observed.file(path), original_of(path, request.originals, observed)
    tree = tree_of(file.content)
    base = {} if observed.applied.get(path) == ABSENT else read(observed.base.get(path)) or tree
    kept_keys = keep({}, tree, host.keep.get(NAME, ()))
    own_keys = host.sections.get(NAME, {}).keys() - kept_keys.keys()
    first = tree_of(original.content) if original else {name: base[name] for name in base if name not in own_keys}
    desired = keep(take_back(base, first, tree), tree, host.keep.get(NAME, ()))
    spec = FileSpec(NAME, path, "daemon.json.j2", "json")
    if original and not differ(desired, first):
        return Removal(first, (as_before(spec, original.content, original, file),))
    content = text_of(desired) if desired or (original and original.content is not None) else None
    notes = [f"{path} keeps the keys that runnerops did not write: {', '.join(desired)}"] if content else []
    if original is None:
        notes.append(
            f"the content of {path} from before the first run is not kept: only the keys of the inventory are removed"
        )
    ours_apart = original.content if original else text_of(first) if first else None
    return Removal(
        desired, (as_before(spec, content, original, file),), notes=tuple(notes), recorded={path: ours_apart}
    )
