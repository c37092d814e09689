"""Webhook sources: every webhook tells an event as it is."""
