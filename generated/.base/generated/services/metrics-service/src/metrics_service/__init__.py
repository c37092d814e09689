"""metrics-service."""
