"""The registry image that a cache runs unless the inventory names another. Pure."""

DEFAULT_IMAGE = "registry:3.0.0"
"""An exact version of the official image, so that a deploy of the same inventory gives the same container for years."""
