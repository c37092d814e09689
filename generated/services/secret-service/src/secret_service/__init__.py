"""secret-service."""
