"""payment-service."""
