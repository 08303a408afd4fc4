"""How a plan is made of what a host should have and what it has. Pure: nothing here reads a host, a file or a clock."""
