"""Incidents: 110, 119, 120 and the like."""
