"""What `check` found, as files that CI systems read: one module a format, each a pure function of `Findings`."""
