"""Settings: one tree rendered and merged for one peel, on the peel or without it (settings.md)."""
