"""The city: one module per kind of thing it knows."""
