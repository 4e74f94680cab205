"""The state trees of a master: read, checked, published with a signature, and compared."""
