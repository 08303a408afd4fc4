"""What more than one managed system needs: firewalls, listeners, `no_proxy`, sizes, upstreams, ways of packets."""
