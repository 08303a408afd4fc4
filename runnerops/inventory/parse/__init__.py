"""Text of a YAML file -> nodes that know their places."""
