"""Files, groups and ranges of hosts -> one draft for each host."""
