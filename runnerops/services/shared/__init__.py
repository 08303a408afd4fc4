"""What the managed systems know of each other; they import nothing else of one another."""
