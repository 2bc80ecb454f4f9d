"""The key grammar: every Redis key of Yiwang is spelled here and nowhere else.

`<prefix>:{<home>}:<suffix>`. The home is a district code of six digits, `000000` for what lies in
no district (未定位), or the city's own code for what belongs to the whole city. It stands in
braces, so that Redis Cluster keeps all keys of one home in one slot and one script can change them
at once.

suffix                type  what                                                     kept
fence                 hash  `topic:partition@topic id` → next offset not yet applied for ever
acct:<feed>           hash  read, accepted, duplicate, rejected, late, … totals      for ever
acctm:<feed>:<hour>   hash  `<minute of the hour>|<outcome>` → messages              26 h
rebuilt               hash  `topic:partition@topic id` → ms, when state was lost     for ever
lag                   hash  `topic:partition` → messages not yet read | at ms        for ever
latest                hash  `feed|sensor|property` → newest reading                  for ever
m:<hour>              hash  `series|region|minute` → count sum min max               minute_h
h:<day>               hash  `series|region|hour` → count sum min max                 hour_d
d:<month>             hash  `series|region|day` → count sum min max                  day_d
seen:<feed>:<hour>    set   8-byte event ids of that hour of event time              late_after_s
val:<feed>:<hour>     hash  id → value, minute, region, property (revised feeds)     late_after_s
rec:<kind>            hash  id → record (version, JSON, cells, ranks, raw)           `expiry`
open:<feed>:<region>  zset  open cases by due time (ms; no limit = +inf)             while open
near:<feed>:<region>  zset  open cases by the moment they come near their limit      while open
stage:<feed>          hash  `region|status` → cases                                  for ever
recent:<region>       zset  newest records by time                                   bounded
expiry                zset  `rec:<kind>|id` by the moment at which it may go         swept
rejects               list  newest rejected messages                                 bounded
late                  list  newest messages that came too late                       bounded
mended:<feed>         set   ids of rejects that were mended and counted anew         for ever
sent                  hash  id of a reject → log and offset of its last replay       for ever
rules                 hash  feed → digest of the YAML in force, since, what is wrong for ever

Hours are hours since the epoch; days and months are local to the city (`20261124`, `202611`).
"""

from __future__ import annotations

UNASSIGNED = "000000"
"""Home of records that lie in no district, and of messages that could not be read."""

CHANGED = "changed"
"""Channel suffix: a home says here that its state has moved."""


def home_key(prefix: str, home: str, suffix: str = "") -> str:
    """Give the full key of `suffix` in `home`; without a suffix, the stem that scripts extend."""
    return f"{prefix}:{{{home}}}:{suffix}"


def channel(prefix: str) -> str:
    """Give the Pub/Sub channel on which changes are announced."""
    return f"{prefix}:{CHANGED}"


def latest() -> str:
    """Give the suffix of the newest readings."""
    return "latest"


def accounts(feed: str) -> str:
    """Give the suffix of the totals of a feed."""
    return f"acct:{feed}"


def account_minutes(feed: str, hour: int | str) -> str:
    """Give the suffix of the messages read per minute in one hour since the epoch."""
    return f"acctm:{feed}:{hour}"


def minutes(hour: int | str) -> str:
    """Give the suffix of the minute cells of one hour since the epoch."""
    return f"m:{hour}"


def seen(feed: str, hour: int | str = "") -> str:
    """Give the suffix of the ids of one hour since the epoch; without it, the stem of them."""
    return f"seen:{feed}:{hour}"


def values(feed: str, hour: int | str = "") -> str:
    """Give the suffix of what the readings of one local hour (yyyymmddhh) gave; or its stem."""
    return f"val:{feed}:{hour}"


def hours(day: str) -> str:
    """Give the suffix of the hour cells of one local day (yyyymmdd)."""
    return f"h:{day}"


def days(month: str) -> str:
    """Give the suffix of the day cells of one local month (yyyymm)."""
    return f"d:{month}"


def records(kind: str) -> str:
    """Give the suffix of the records of a kind."""
    return f"rec:{kind}"


def open_cases(feed: str, region: str = "") -> str:
    """Give the suffix of the open cases of a feed in a region, by due time."""
    return f"open:{feed}:{region}"


def near_cases(feed: str, region: str = "") -> str:
    """Give the suffix of the open cases of a feed in a region, by the start of 临期."""
    return f"near:{feed}:{region}"


def stages(feed: str) -> str:
    """Give the suffix of the case counts by region and status."""
    return f"stage:{feed}"


def recent(region: str = "") -> str:
    """Give the suffix of the newest records of a region."""
    return f"recent:{region}"


def mended(feed: str) -> str:
    """Give the suffix of the rejects of a feed that were mended."""
    return f"mended:{feed}"


FENCE = "fence"
LAG = "lag"
"""Only in the home 未定位; a report of each worker, under no fence."""
SENT = "sent"
"""Only in the home 未定位; a report of who replays rejects, under no fence."""
REBUILT = "rebuilt"
"""Only in the home 未定位; a report of the workers, under no fence."""
RULES = "rules"
"""Only in the home 未定位; a report of the workers, under no fence."""
REJECTS = "rejects"
LATE = "late"
EXPIRY = "expiry"
