"""Configuration, flags and secrets from services that the model names as their providers."""
