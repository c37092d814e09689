"""webhook-service."""
