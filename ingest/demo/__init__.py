"""The living demonstration city: played streams on local servers."""
