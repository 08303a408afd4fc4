"""Makes and carries out the plans of many hosts: connections, threads, time limits, locks and interrupts."""
