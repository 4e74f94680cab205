"""Settings trees on a master: rendered without a server, sealed and published (settings.md 2)."""
