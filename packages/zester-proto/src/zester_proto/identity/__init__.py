"""Who is who: keys, credentials, signatures, seals, and the chain of trust (bus.md 2)."""
