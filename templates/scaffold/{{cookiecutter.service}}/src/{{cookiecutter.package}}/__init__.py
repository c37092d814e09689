"""{{ cookiecutter.service }}."""
