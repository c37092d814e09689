"""ml-service."""
