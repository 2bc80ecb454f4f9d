"""Event times in the forms that feeds use."""

import polars as pl
import pytest

from ingest.times import to_ms
from layers.feed_spec import TimeRule

NOON = 1_764_043_200_000  # 2025-11-25 12:00 in Shanghai, 04:00 UTC


@pytest.mark.parametrize(
    ("text", "form", "zone", "expected"),
    [
        ("2025-11-25T12:00:00+08:00", "iso", "UTC", NOON),
        ("2025-11-25 04:00:00Z", "iso", "Asia/Shanghai", NOON),
        ("2025-11-25T12:00:00.250", "iso", "Asia/Shanghai", NOON + 250),
        ("1764043200", "epoch_s", "UTC", NOON),
        ("1764043200000", "epoch_ms", "UTC", NOON),
        ("25/11/2025 12:00", "%d/%m/%Y %H:%M", "Asia/Shanghai", NOON),
        ("2025-03-09 02:30:00", "%Y-%m-%d %H:%M:%S", "America/Chicago", None),
        ("soon", "iso", "UTC", None),
        ("2025-13-01T00:00:00", "iso", "UTC", None),
        (None, "iso", "UTC", None),
    ],
)
def test_a_time_of_each_form_is_the_same_moment_and_no_time_is_null(text, form, zone, expected):
    frame = pl.DataFrame({"t": [text]}, schema={"t": pl.String})
    assert frame.select(to_ms(pl.col("t"), TimeRule("t", form, zone))).item() == expected
