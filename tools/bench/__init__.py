"""The benches behind `make bench`."""
