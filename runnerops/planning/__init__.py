"""Makes a plan from what a host should have and what it has. Pure: nothing in this package reads a host, a file or a
clock.
"""
