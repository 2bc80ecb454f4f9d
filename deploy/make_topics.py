"""Make the topics of the city's feeds and of rejects on the configured broker, where missing."""
# ruff: noqa: INP001 - a script of the container image, not part of a package

from __future__ import annotations

import sys

from ingest.kafka_topics import city_topics, create_topics
from layers.config import load_config


def main() -> int:
    """Make them and say which are new."""
    config = load_config()
    kafka = config.kafka
    made = create_topics(kafka.bootstrap, city_topics(config), kafka.partitions, kafka.security)
    sys.stdout.write(f"topics made: {', '.join(sorted(made)) or 'none, all were there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
