"""The programs of the demo's host, simulated: docker, Compose, dockerd, systemctl, gitlab-runner, curl and their kin.

One process a call. What they have in common is a file, `world.py`; they know each other through nothing else. They
refuse what the real ones refuse, and what they say has the real form (`tests/contract/probes.py`). Standard library
only (and YAML where Compose needs it), for each call starts a Python.
"""
