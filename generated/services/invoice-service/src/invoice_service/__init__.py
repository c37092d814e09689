"""invoice-service."""
