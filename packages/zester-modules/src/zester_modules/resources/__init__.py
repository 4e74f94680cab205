"""What can be true of a host: one resource a file, each with its parameters, check and apply."""
