"""push-service."""
