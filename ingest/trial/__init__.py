"""A feed tried on real messages before it counts: what comes of them, and what it would cost."""
