"""A fleet of simulated peels: real credentials and messages, a few processes, no agent."""
