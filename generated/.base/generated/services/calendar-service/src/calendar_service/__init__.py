"""calendar-service."""
