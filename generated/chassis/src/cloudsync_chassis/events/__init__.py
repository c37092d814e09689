"""Events: an outbox committed with the state, a bus, consumers that handle each event once."""
