"""What travels on the bus and what lies in buckets, as tagged msgspec Structs (design.md 2)."""
