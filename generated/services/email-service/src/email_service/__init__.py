"""email-service."""
