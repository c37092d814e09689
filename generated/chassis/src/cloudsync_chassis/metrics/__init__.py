"""Time series of a service in Prometheus' text format: what all have, and the model's own."""
