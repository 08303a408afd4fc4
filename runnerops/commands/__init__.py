"""What commands do. Each is a function in a file of its name, and returns an `Exit`; its options and help are in `cli/`."""
