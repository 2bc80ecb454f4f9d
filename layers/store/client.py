"""The connection to Redis, one server or a cluster, and the atomic apply.

Effects exactly once, the proof in five lines:
 1. For every home D and partition P, the fence F(D, P) lies beside D's state and moves only inside
    the script that changes that state.
 2. A call claims the offsets [F, b) of P: the worker has read all of them in one contiguous run
    and drops what lies below F before it adds anything up.
 3. The script refuses when the stored fence isn't the F that the call expects. So of all calls that
    start at F, whoever sends them and however often, one is applied and moves the fence to b.
 4. Hence the applied claims of (D, P) are disjoint and without gaps: each offset of P has its
    effect on D once. A batch cut elsewhere is trimmed at F; a worker that has lost its partition
    expects an old F and is refused; a reply that was lost is repeated and refused.
 5. A worker starts at the smallest F(D, P) over all homes, so nothing below it is owed to anybody.
    Kafka's committed offset isn't part of the argument.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import redis
from redis.cluster import RedisCluster

from layers.store import keys
from layers.store.writes import Writes

log = logging.getLogger(__name__)

_SCRIPT = "".join(
    (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("revisions.lua", "apply.lua")
)

_ELSEWHERE = (Path(__file__).parent / "elsewhere.lua").read_text(encoding="utf-8")


class StoreUnavailableError(Exception):
    """Redis doesn't answer."""

    def __init__(self, cause: object) -> None:
        super().__init__(
            f"Redis does not answer ({cause}). Check redis.url in config.yaml "
            "(YIWANG_REDIS__URL) and that the server is running; the worker waits and tries again."
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """The answer to one apply."""

    status: str
    """ok | fence | seen | held."""
    fences: Mapping[str, int]
    """status fence: the stored next offsets of the partitions that differ; absent → -1."""
    positions: tuple[int, ...]
    """status seen: positions of the ids that were known; held: of the identities."""
    entries: tuple[str, ...] = ()
    """status held: what the home holds of each of them; empty: nothing."""


class Store:
    """The city's state in Redis.

    Args:
        client: a redis-py client, of one server or a cluster, that returns bytes.
        prefix: first part of every key.
    """

    def __init__(self, client: Any, prefix: str = "yw") -> None:
        self.client = client
        self.prefix = prefix
        self._sha = ""

    def key(self, home: str, suffix: str) -> str:
        """Give the full key of `suffix` in `home`."""
        return keys.home_key(self.prefix, home, suffix)

    def apply(self, home: str, writes: Writes, now_s: int) -> Applied:
        """Apply the writes of one home; see `apply_many`."""
        return self.apply_many([(home, writes)], now_s)[0]

    def apply_many(self, shares: Sequence[tuple[str, Writes]], now_s: int) -> list[Applied]:
        """Apply the writes of several homes, each all or nothing, in one round trip.

        Raises:
            StoreUnavailableError: no answer; each call may or may not have been applied, and
                sending it again is safe.
        """
        channel = keys.channel(self.prefix)
        calls = [
            (keys.home_key(self.prefix, home), writes.pack(home, channel, now_s))
            for home, writes in shares
        ]
        try:
            replies = self._run(calls)
        except redis.RedisError as error:
            if isinstance(error, redis.ResponseError) and not _is_passing(error):
                raise
            raise StoreUnavailableError(error) from error
        return [_read_reply(reply) for reply in replies]

    def _run(self, calls: Sequence[tuple[str, bytes]]) -> list[list[Any]]:
        if isinstance(self.client, RedisCluster):
            return [list(self.client.eval(_SCRIPT, 1, stem, packed)) for stem, packed in calls]
        if not self._sha:
            self._sha = str(_text(self.client.script_load(_SCRIPT)))
        pipe = self.client.pipeline(transaction=False)
        for stem, packed in calls:
            pipe.evalsha(self._sha, 1, stem, packed)
        replies = pipe.execute(raise_on_error=False)
        for at, reply in enumerate(replies):
            if isinstance(reply, redis.exceptions.NoScriptError):
                # a restarted server has forgotten the script; nothing was applied by this call
                replies[at] = self.client.eval(_SCRIPT, 1, *calls[at])
            elif isinstance(reply, redis.RedisError):
                raise reply
        return [list(reply) for reply in replies]

    def superseded(self, asks: Sequence[tuple[str, Writes]]) -> set[str]:
        """Give the ids of moved records of which another home holds that version or a newer one.

        Args:
            asks: home and its writes, whose `moved` names records of other homes; what the home
                does not hold is left out of it, for there is nothing to take back.

        Raises:
            StoreUnavailableError: no answer.
        """
        newer: set[str] = set()
        try:
            for home, writes in asks:
                moved = []
                for suffix, ids, versions in writes.moved:
                    held, older = self._elsewhere(self.key(home, suffix), ids, versions)
                    newer |= {ids[i] for i in held}
                    if older:
                        moved.append(
                            (suffix, [ids[i] for i in older], [versions[i] for i in older])
                        )
                writes.moved = moved
        except redis.RedisError as error:
            raise StoreUnavailableError(error) from error
        return newer

    def _elsewhere(
        self, key: str, ids: Sequence[str], versions: Sequence[int]
    ) -> tuple[list[int], list[int]]:
        packed = msgpack.packb((ids, versions), use_bin_type=False)
        held, older = self.client.eval(_ELSEWHERE, 1, key, packed)
        return [int(i) - 1 for i in held], [int(i) - 1 for i in older]

    def note(self, home: str, suffix: str, fields: Mapping[str, str]) -> None:
        """Set fields of a hash that stands under no fence: a report, not a part of the state.

        Raises:
            StoreUnavailableError: no answer.
        """
        try:
            self.client.hset(self.key(home, suffix), mapping=dict(fields))
        except redis.RedisError as error:
            raise StoreUnavailableError(error) from error

    def fences(self, homes: Sequence[str]) -> dict[str, dict[str, int]]:
        """Read the fences of the homes: home → `topic:partition` → next offset."""
        found = self.read([("hgetall", home, keys.FENCE, ()) for home in homes])
        return {
            home: {_text(k): int(v) for k, v in fence.items()}
            for home, fence in zip(homes, found, strict=True)
        }

    def read(self, asks: Sequence[tuple[str, str, str, tuple[Any, ...]]]) -> list[Any]:
        """Run many reads in one round trip: (command, home, suffix, further arguments) each.

        Raises:
            StoreUnavailableError: no answer.
        """
        pipe = self.client.pipeline(transaction=False)
        for command, home, suffix, rest in asks:
            getattr(pipe, command)(self.key(home, suffix), *rest)
        try:
            return list(pipe.execute())
        except redis.RedisError as error:
            raise StoreUnavailableError(error) from error

    def ping(self) -> bool:
        """Say whether Redis answers."""
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Give suffix and bytes of every key of this city; for small states, key by key."""
        for key in self.client.scan_iter(match=f"{self.prefix}:*", count=1000):
            size = self.client.memory_usage(key, samples=0)
            yield str(_text(key)).partition("}:")[2], int(size or 0)

    def wipe(self) -> None:
        """Remove every key of this city (development and tests)."""
        for key in self.client.scan_iter(match=f"{self.prefix}:*", count=1000):
            self.client.delete(key)

    def changed_homes(self, timeout_s: float) -> Iterator[set[str] | None]:
        """Yield the homes that moved since the last step; None when Redis can't be heard.

        Each step takes at most `timeout_s`; the connection is made again after an outage, and the
        first step after one is an empty set, so the reader knows to look at everything.
        """
        pubsub = None
        while True:
            try:
                if pubsub is None:
                    pubsub = self.client.pubsub(ignore_subscribe_messages=True)
                    pubsub.subscribe(keys.channel(self.prefix))
                yield _drain(pubsub, timeout_s)
            except redis.RedisError as error:
                log.debug("event=pubsub_lost error=%s", error)
                pubsub = None
                yield None


def connect(url: str, *, prefix: str = "yw", cluster: bool = False) -> Store:
    """Connect to Redis by URL (`redis://`, `rediss://`, `unix://`); nothing is sent yet.

    Args:
        url: password and TLS are part of it.
        prefix: first part of every key.
        cluster: true for Redis Cluster.
    """
    options: dict[str, Any] = {"socket_timeout": 30, "socket_connect_timeout": 5}
    client = (
        RedisCluster.from_url(url, **options)
        if cluster
        else redis.Redis.from_url(url, health_check_interval=15, **options)
    )
    return Store(client, prefix)


def _drain(pubsub: Any, timeout_s: float) -> set[str]:
    homes: set[str] = set()
    message = pubsub.get_message(timeout=timeout_s)
    while message is not None:
        homes.add(str(_text(message["data"])))
        message = pubsub.get_message(timeout=0)
    return homes


def _read_reply(reply: list[Any]) -> Applied:
    status = str(_text(reply[0]))
    if status == "fence":
        pairs = zip(reply[1::2], reply[2::2], strict=True)
        stored = {str(_text(k)): int(v) if v else -1 for k, v in pairs}
        return Applied(status, stored, ())
    if status == "seen":
        return Applied(status, {}, tuple(int(p) for p in reply[1:]))
    if status == "held":
        entries = tuple(str(_text(entry)) for entry in reply[2::2])
        return Applied(status, {}, tuple(int(p) for p in reply[1::2]), entries)
    return Applied(status, {}, ())


def _is_passing(error: redis.ResponseError) -> bool:
    passing = ("LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "OOM", "TRYAGAIN", "MISCONF")
    return str(error).upper().startswith(passing)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
