"""version-service."""
