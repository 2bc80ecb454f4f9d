"""Moments written as a feed writes them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from layers.feed_spec import TimeRule


def stamps(moments_ms: Sequence[int | None] | pl.Series, rule: TimeRule) -> list[str | None]:
    """Write ms since the epoch in the form and zone of the rule; None stays None."""
    series = pl.Series(moments_ms, dtype=pl.Int64)
    if rule.form == "epoch_ms":
        return series.cast(pl.String).to_list()
    if rule.form == "epoch_s":
        return (series // 1000).cast(pl.String).to_list()
    local = series.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    pattern = rule.form if isinstance(rule.form, str) else rule.form[0]
    form = "%Y-%m-%dT%H:%M:%S%:z" if pattern == "iso" else pattern
    return local.dt.convert_time_zone(rule.zone).dt.strftime(form).to_list()
