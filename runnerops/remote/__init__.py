"""SSH connections to hosts, host keys, and the protocol with the scripts that run on the host."""
