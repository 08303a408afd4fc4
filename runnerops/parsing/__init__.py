"""Where each key stands in a file: a reader a format. Each expects text that its format's own parser has taken. Pure."""
