"""Where workers come from: a small child process that forks one for each job (bus.md 6.11)."""
