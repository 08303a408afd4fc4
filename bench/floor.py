"""What `fleet.py` compares with: one connection and one exec on each host of an inventory, over the transport of runnerops.

`python bench/floor.py INVENTORY`. Imports no more than that needs.
"""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.threads import side_by_side
from runnerops.report.screen import Screen


def main() -> None:
    """Ends with 1 where a host was not reached."""
    loaded = inventory.load(Path(sys.argv[1]))
    hosts = {host.name: host for host in loaded.hosts}
    with ConnectionPool(loaded, os.environ, Screen(out=StringIO(), err=StringIO())) as pool:
        found = side_by_side(list(hosts), lambda name: pool.link(hosts[name]).run(["true"], b"", 60))
    if broken := [one for one in found.values() if isinstance(one, Exception)]:
        sys.exit(str(broken[0]))


if __name__ == "__main__":
    main()
