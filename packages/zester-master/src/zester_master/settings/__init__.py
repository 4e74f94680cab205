"""Settings trees on a master: rendered and checked without a server, and published."""
