"""org-service."""
