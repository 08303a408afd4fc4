"""One verb a file: a plain function that returns an `Exit`. Flags and words come from `cli.py`, output goes to a `Screen`."""
