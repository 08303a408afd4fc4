"""Frozen dataclasses that all packages share (inventory, state of a host, plan, run). Nothing here reads or writes."""
