"""What several managed systems need: firewalls, listeners, `no_proxy`, sizes, upstreams, routes of packets."""
