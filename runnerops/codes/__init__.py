"""The registry of codes: every blocker and every rule is one row, from which checks, `explain` and the manual are made."""
