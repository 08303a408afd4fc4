"""Turns what a host has into its entry in the inventory: YAML as a person would write it, inserted as text. Pure."""
