"""What makes and enlarges a site: its keys, accounts, certificates, and members (bus.md 1, 2)."""
