"""What the value of a scalar in the inventory is: its type, secrets, and variables in it."""
