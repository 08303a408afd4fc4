"""The keys of the inventory: their types, checks, descriptions, and what is said of wrong ones."""
