"""The city becomes screens."""
