"""From a host of the inventory to the files it asks for."""

from runnerops.render.renderer import Renderer, Resolves, plain, shipped_templates

__all__ = ["Renderer", "Resolves", "plain", "shipped_templates"]
