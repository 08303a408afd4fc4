"""Calls of GitLab's API. This package is loaded, and GitLab is asked, only if the inventory has a `gitlab` section."""
