"""Gets the values of secrets from the environment and `.env`, files and commands, only when a template needs them."""

from runnerops.secrets.commands import Output, RunCommand, run_command
from runnerops.secrets.resolver import PLACEHOLDER, Resolver

__all__ = ["PLACEHOLDER", "Output", "Resolver", "RunCommand", "run_command"]
