"""GitLab's own API: asked only where the inventory has a `gitlab` section, and loaded only then."""
