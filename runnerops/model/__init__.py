"""The nouns: what is rendered, what a host has, what will be done, what became of it. Pure and frozen; a module each."""
