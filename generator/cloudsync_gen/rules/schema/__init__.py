"""Schemas of the data model: valid, bounded, named alike."""
