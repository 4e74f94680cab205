"""The only hands on a machine: processes, users, programs."""
