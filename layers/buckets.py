"""Sums over minutes, hours and days, for a region and all above it: cells that merge exactly.

Values are kept in millionths of the unit, as integers, so that they add up to the same whatever the
order in which they come.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from layers.batch import LEVELS, Frame
from layers.store import keys

MILLIONTHS = 1_000_000
_DAY_S = 86_400


def base_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Merge rows into one cell per home, deepest region, series and minute.

    Args:
        rows: home, region, series (String), event_ms, value (Float64).

    Returns:
        home, region, series, minute (since the epoch), n, total, lo, hi.
    """
    scaled = (pl.col("value") * MILLIONTHS).round().cast(pl.Int64)
    minute = (pl.col("event_ms") // 60_000).alias("minute")
    names = pl.col("series").cast(pl.Categorical)  # numbers are grouped faster than names
    return (
        rows.select("home", "region", names, minute, v=scaled)
        .group_by("home", "region", "series", "minute")
        .agg(
            n=pl.len().cast(pl.Int64),
            total=pl.col("v").sum(),
            lo=pl.col("v").min(),
            hi=pl.col("v").max(),
        )
    )


def sums(base: pl.DataFrame, frame: Frame) -> list[pl.DataFrame]:
    """Give the sums of a plan at every level and every width, from the cells of `base_cells`."""
    if base.is_empty():
        return []
    return [
        _spell(cells, width, frame)
        for level in LEVELS
        for width, cells in _widths(_timed(base, frame), frame, level)
    ]


def taken(base: pl.DataFrame, frame: Frame, feed: str) -> list[pl.DataFrame]:
    """Give what is taken back from sums that `sums` gave, and where extremes are found anew.

    Args:
        base: as for `sums`.
        frame: homes and regions.
        feed: id of the feed.

    Returns:
        home, suffix, field, n, total, lo, hi, width, source (suffix of the entries of the hour; of
        a day: of its hours), match (what names the cell there).
    """
    if base.is_empty():
        return []
    return [
        _sourced(cells, width, frame, feed)
        for level in LEVELS
        for width, cells in _widths(_timed(base, frame), frame, level)
    ]


def _sourced(cells: pl.DataFrame, width: str, frame: Frame, feed: str) -> pl.DataFrame:
    code = pl.Series("code", frame.codes.gather(cells["region"]), dtype=pl.String)
    series, bucket, bar = pl.col("series").cast(pl.String), pl.col("bucket"), pl.lit("|")
    named = pl.concat_str(series.str.strip_prefix(feed + "."), bar, code)
    of_hour = pl.concat_str(pl.lit(keys.values(feed)), "hour")
    source, match = {
        "minute": (of_hour, pl.concat_str(named, bar, bucket)),
        "hour": (of_hour, named),
        "day": (
            pl.concat_str(pl.lit(keys.hours("")), bucket),
            pl.concat_str(series, bar, code, bar),
        ),
    }[width]
    more = cells.select(source=source, match=match, width=pl.lit(width))
    return (
        _spell(cells, width, frame)
        .hstack(more)
        .select("home", "suffix", "field", "n", "total", "lo", "hi", "width", "source", "match")
    )


def _timed(base: pl.DataFrame, frame: Frame) -> pl.DataFrame:
    hour = local_hour(pl.col("minute"), frame.timezone)
    return base.with_columns(hour.alias("hour"), first=pl.col("minute"))


def local_hour(minute: pl.Expr, zone: str) -> pl.Expr:
    """Give the hour that the clock of a zone shows, as the number yyyymmddhh."""
    moment = pl.from_epoch(minute * 60, time_unit="s").dt.replace_time_zone("UTC")
    local = moment.dt.convert_time_zone(zone)
    return (
        local.dt.year().cast(pl.Int64) * 1_000_000
        + local.dt.month().cast(pl.Int64) * 10_000
        + local.dt.day().cast(pl.Int64) * 100
        + local.dt.hour().cast(pl.Int64)
    )


def _widths(timed: pl.DataFrame, frame: Frame, level: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Merge the cells into those of one level: by minute, these by hour, these by day."""
    above = pl.Series(frame.ancestors[level][timed["region"].to_numpy()], dtype=pl.Int32)
    cells = timed.with_columns(region=above).filter(pl.col("region") >= 0)
    hour = pl.col("hour")
    for width, bucket in (("minute", pl.col("minute")), ("hour", hour), ("day", hour // 100)):
        cells = cells.group_by("series", "region", bucket.alias("bucket")).agg(
            # the home and, of a minute, the hour are the same in all of a group
            pl.col("home", "hour").first(),
            pl.col("first").min(),
            pl.col("n", "total").sum(),
            pl.col("lo").min(),
            pl.col("hi").max(),
        )
        yield width, cells


def _spell(cells: pl.DataFrame, width: str, frame: Frame) -> pl.DataFrame:
    """Name key, expiry and field of each cell."""
    keep = frame.retention
    bucket = pl.col("bucket")
    suffix, inner, kept_s = {
        "minute": (
            pl.concat_str(pl.lit(keys.minutes("")), bucket // 60),
            bucket % 60,
            keep.minute_h * 3600,
        ),
        "hour": (
            pl.concat_str(pl.lit(keys.hours("")), bucket // 100),
            bucket % 100,
            keep.hour_d * _DAY_S,
        ),
        "day": (
            pl.concat_str(pl.lit(keys.days("")), bucket // 100),
            bucket % 100,
            keep.day_d * _DAY_S,
        ),
    }[width]
    # about the end of the key's span; cells of one key may differ by a day, which does no harm
    span_min = {"minute": 60, "hour": 24 * 60, "day": 31 * 24 * 60}[width]
    expire = (pl.col("first") // span_min + 1) * span_min * 60 + kept_s
    code = pl.Series("code", frame.codes.gather(cells["region"]), dtype=pl.String)
    return cells.with_columns(code).select(
        "home",
        suffix=suffix,
        expire=expire,
        field=pl.concat_str(
            pl.col("series").cast(pl.String), pl.lit("|"), "code", pl.lit("|"), inner
        ),
        n="n",
        total="total",
        lo="lo",
        hi="hi",
    )
