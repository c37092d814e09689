"""profile-service."""
