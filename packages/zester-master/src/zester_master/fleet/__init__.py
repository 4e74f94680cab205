"""Which peels there are: the index of facts, who is present, and what peels are told."""
