"""Runs on hosts: their order, their execution, and what comes of interrupts."""
