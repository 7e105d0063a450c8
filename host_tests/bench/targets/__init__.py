"""Instructions on the boards."""
