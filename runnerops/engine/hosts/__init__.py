"""Which hosts a command is for, connections to them, and what they have."""
