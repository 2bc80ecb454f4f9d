"""Sources become records: Kafka to the city."""
