class Handlers:
