"""Faults at every kind of step, on real hosts: what `docs/reliability.md` promises is shown here."""
