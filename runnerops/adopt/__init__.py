"""From what a host has to its entry in the inventory: YAML as a person would write it, put into the file as text. Pure."""
