"""file-service."""
