"""Values that peels share: which this host declares, and what others gave (settings.md 6)."""
