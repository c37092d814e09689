"""video-service."""
