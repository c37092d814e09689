"""Messages as values of the data model, statuses as problems: for both ends of a gRPC call."""
