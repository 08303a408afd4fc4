"""The simulated programs of the demo's host: docker, Compose, dockerd, systemctl, gitlab-runner, curl and others.

Each call is a process. The programs share their state in a file (`world.py`), and only there. They refuse what the real
programs refuse, and their output has the same form (`tests/contract/probes.py`). They import only the standard library
(and YAML for Compose), because each call starts a Python interpreter.
"""
