"""sms-service."""
