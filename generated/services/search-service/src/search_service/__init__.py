"""search-service."""
