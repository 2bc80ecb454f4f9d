"""Wire formats: one file each, bytes to columns."""
