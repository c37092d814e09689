"""How many requests a tenant may make: a burst, then a steady rate, counted here or in Redis."""
