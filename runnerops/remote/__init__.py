"""The way to a host: SSH, host keys, and the protocol with the half that runs there."""
