"""What runs beside a service on a developer's machine: stand-ins for others, and a watch."""
