"""events-service."""
