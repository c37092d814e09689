"""audit-service."""
