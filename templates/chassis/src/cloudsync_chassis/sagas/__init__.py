"""Sagas by choreography: each service knows its steps, a common log tells it of the others'."""
