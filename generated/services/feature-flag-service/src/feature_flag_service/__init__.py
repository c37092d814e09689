"""feature-flag-service."""
