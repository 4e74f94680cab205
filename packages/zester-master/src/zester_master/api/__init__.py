"""What operators ask and how masters answer: requests, answers, pages (bus.md 3)."""
