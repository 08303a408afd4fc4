"""The values that rooms hand on (inventory, state of a host, plan, run) as frozen dataclasses. Nothing here reads or writes."""
