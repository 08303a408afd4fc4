"""What carries plans out: connections, threads, time, locks and interrupts."""
