"""A log in memory behind the port of sources, cut into polls however a test likes."""

from ingest.sources.base import make_slice


class LogSource:
    """Gives the messages of partitions in order; `sizes` says how many at a time."""

    def __init__(self, logs, begin, sizes):
        self.logs = logs  # (topic, partition) -> list of (time, value)
        self._sizes = iter(sizes)
        names = [f"{t}:{p}" for t, p in logs]
        self._at = {n: max(0, at) for n, at in begin(names).items()}
        self.committed = {}

    def assigned(self):
        return frozenset(self._at)

    def seek(self, positions):
        self._at |= {n: max(0, at) for n, at in positions.items()}

    def poll(self, timeout_s):
        size = next(self._sizes, 1_000)
        slices = []
        for (topic, partition), log in self.logs.items():
            at = self._at[f"{topic}:{partition}"]
            part = log[at : at + size]
            if part:
                times, values = zip(*part, strict=True)
                offsets = range(at, at + len(part))
                slices.append(make_slice(topic, partition, offsets, times, values))
                self._at[f"{topic}:{partition}"] = at + len(part)
        return slices

    def commit(self, positions):
        self.committed |= positions

    def lag(self):
        return {}

    def close(self):
        pass
