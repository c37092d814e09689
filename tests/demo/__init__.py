"""CloudSync's own story on its running services: `make demo`, and what tests ask of it."""
