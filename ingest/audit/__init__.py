"""Is the state in Redis what the logs in Kafka make? Computed again and compared."""
