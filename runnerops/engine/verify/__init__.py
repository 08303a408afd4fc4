"""The checks of `verify`, by command and after a run."""
