"""Event times as feeds write them, turned into milliseconds since the epoch, column by column."""

from __future__ import annotations

import polars as pl

from layers.feed_spec import TimeRule

_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"


def to_ms(text: pl.Expr, rule: TimeRule) -> pl.Expr:
    """Turn text into Int64 ms since the epoch; null where it is no time of that form.

    Args:
        text: String column.
        rule: the forms, and the zone of times without an offset.
    """
    forms = (rule.form,) if isinstance(rule.form, str) else rule.form
    return pl.coalesce(_read(text, form, rule.zone) for form in forms)


def _read(text: pl.Expr, form: str, zone: str) -> pl.Expr:
    if form == "epoch_ms":
        return text.cast(pl.Float64, strict=False).round().cast(pl.Int64, strict=False)
    if form == "epoch_s":
        return (text.cast(pl.Float64, strict=False) * 1000).round().cast(pl.Int64, strict=False)
    if form == "iso":
        return _iso(text, zone)
    if "%z" in form:
        return _epoch(text.str.to_datetime(form, time_unit="ms", strict=False))
    return _naive(text, form, zone)


def _iso(text: pl.Expr, zone: str) -> pl.Expr:
    plain = text.str.strip_chars().str.replace(" ", "T", literal=True)
    moved = plain.str.replace("Z$", "+00:00")
    aware = moved.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ms", strict=False)
    naive = _naive(plain, "%Y-%m-%dT%H:%M:%S%.f", zone)
    return pl.when(plain.str.contains(_OFFSET)).then(_epoch(aware)).otherwise(naive)


def _naive(text: pl.Expr, form: str, zone: str) -> pl.Expr:
    local = text.str.to_datetime(form, time_unit="ms", strict=False)
    return _epoch(local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"))


def _epoch(moment: pl.Expr) -> pl.Expr:
    return moment.dt.epoch("ms")
