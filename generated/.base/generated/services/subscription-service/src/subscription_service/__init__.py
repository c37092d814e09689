"""subscription-service."""
