"""Where secrets' values come from: the environment and `.env`, files, commands. Reads them only when a template asks."""

from runnerops.secrets.commands import Output, RunCommand, run_command
from runnerops.secrets.resolver import PLACEHOLDER, Resolver

__all__ = ["PLACEHOLDER", "Output", "Resolver", "RunCommand", "run_command"]
