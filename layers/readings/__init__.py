"""Observations of sensors."""
