"""usage-service."""
