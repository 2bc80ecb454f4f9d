"""The connection to Redis, its key grammar and its fenced writes."""
