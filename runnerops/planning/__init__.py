"""From what a host should have and what it has to a plan. Pure: no hosts, threads or time."""
