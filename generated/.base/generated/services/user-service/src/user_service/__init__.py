"""user-service."""
