"""Renders the files that a host of the inventory asks for."""

from runnerops.render.renderer import Renderer, Resolves, plain, shipped_templates

__all__ = ["Renderer", "Resolves", "plain", "shipped_templates"]
