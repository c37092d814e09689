"""task-service."""
