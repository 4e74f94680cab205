"""The basket on a peel: its own values, and what it read of others (settings.md 6)."""
