"""Official warnings."""
