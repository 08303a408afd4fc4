"""Deploys GitLab Runner, the Docker daemon and a pull-through cache of Docker Hub over SSH."""

__version__ = "0.1.0"
