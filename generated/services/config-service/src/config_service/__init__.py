"""config-service."""
