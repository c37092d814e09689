"""The trail of every change of state: written with it, chained, verifiable."""
