"""reporting-service."""
