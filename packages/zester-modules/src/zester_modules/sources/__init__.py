"""Where the contents of files come from: trees, this host and the web."""
