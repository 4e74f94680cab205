"""What operators ask and how masters answer: verified requests, signed answers and pages (bus.md 3)."""
