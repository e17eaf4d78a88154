"""What the integration tests and the demo start: PostgreSQL, the daemon, and a faulty network."""
