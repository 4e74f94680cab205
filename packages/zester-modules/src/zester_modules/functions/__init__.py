"""The functions that operators run, one module for each first name."""
