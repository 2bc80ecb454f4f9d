"""A hand-written kafka-python loop: poll, do each record, write the batch, commit."""

import os

from job import Job
from kafka import KafkaConsumer

job = Job()
consumer = KafkaConsumer(
    os.environ["JOB_TOPIC"],
    bootstrap_servers=os.environ["JOB_KAFKA"],
    group_id="peer-plain",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    max_poll_records=2000,
)
while True:
    found = consumer.poll(timeout_ms=500)
    records = [job.record(message.value) for part in found.values() for message in part]
    if records:
        job.write(records)
        consumer.commit()
