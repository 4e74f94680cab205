"""The settings tree of a master: who may read what of it, sealed and published (settings.md 2)."""
