"""document-service."""
