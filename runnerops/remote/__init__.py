"""The protocol with the scripts that run on a host, and what is read from their answers."""
