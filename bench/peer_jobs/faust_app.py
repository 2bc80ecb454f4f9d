"""Faust: an agent that takes its stream in batches."""

import os

import faust
from job import Job

job = Job()
app = faust.App(
    "peer-faust",
    broker="kafka://" + os.environ["JOB_KAFKA"],
    store="memory://",
    value_serializer="raw",
    consumer_auto_offset_reset="earliest",
    stream_buffer_maxsize=32_768,
    web_enabled=False,
    topic_disable_leader=True,
)
topic = app.topic(os.environ["JOB_TOPIC"], value_type=bytes)


@app.agent(topic)
async def work(stream: faust.Stream) -> None:
    async for batch in stream.take(2000, within=0.5):
        job.write([job.record(value) for value in batch])


if __name__ == "__main__":
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()
