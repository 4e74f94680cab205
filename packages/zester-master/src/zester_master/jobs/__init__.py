"""A job's life: frozen list, dispatch, ledger, returns, pages, close, takeover (bus.md 6)."""
