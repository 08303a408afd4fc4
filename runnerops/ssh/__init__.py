"""SSH connections: what ssh_config asks for, keys and host keys, jump hosts, and commands as root."""
