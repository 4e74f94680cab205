"""What a host is: collectors for its own facts, and those that its owner adds."""
