"""One verb a file: a plain function that returns an `Exit`. Options and help are in `cli/`, output goes to a `Screen`."""
