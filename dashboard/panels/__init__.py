"""Panels: pure functions of a snapshot."""
