"""A host's plan with what belongs to it, and how plans are shown."""
