"""Bytewax: Kafka in, a map, a sink that takes batches."""

import os

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main
from job import Job

job = Job()


class _Part(StatelessSinkPartition):
    def write_batch(self, items: list) -> None:
        job.write([item[0] for item in items])


class RedisSink(DynamicSink):
    def build(self, *_where: object) -> _Part:
        return _Part()


flow = Dataflow("peer")
source = KafkaSource([os.environ["JOB_KAFKA"]], [os.environ["JOB_TOPIC"]], batch_size=2000)
messages = op.input("kafka", flow, source)
records = op.map("record", messages, lambda message: (job.record(message.value),))
op.output("redis", records, RedisSink())
cli_main(flow)
