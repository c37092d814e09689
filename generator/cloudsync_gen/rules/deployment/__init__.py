"""Services as the platform is asked to run them."""
