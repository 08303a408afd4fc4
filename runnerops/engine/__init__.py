"""Makes and carries out plans of many hosts: connections, threads, time, locks and interrupts."""
