"""service-discovery."""
