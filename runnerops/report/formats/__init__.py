"""The findings of `check` as files for CI systems: one module per format, each a pure function of `Findings`."""
