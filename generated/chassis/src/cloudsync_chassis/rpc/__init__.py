"""The gRPC adapter: servicers over the same port."""
