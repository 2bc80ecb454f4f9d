"""Quix Streams: a streaming data frame into a batching sink."""

import os

from job import Job
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

job = Job()


class RedisSink(BatchingSink):
    def write(self, batch: SinkBatch) -> None:
        job.write([item.value for item in batch])


app = Application(
    broker_address=os.environ["JOB_KAFKA"],
    consumer_group="peer-quix",
    auto_offset_reset="earliest",
    commit_every=2000,
    loglevel="ERROR",
)
topic = app.topic(os.environ["JOB_TOPIC"], value_deserializer="bytes")
sdf = app.dataframe(topic).apply(job.record)
sdf.sink(RedisSink())
app.run()
