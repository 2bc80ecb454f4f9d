"""Snapshot → plotly figure, as plain JSON: building graph objects costs more than drawing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.palette import THEMES, Palette
from layers.snapshot import Trend

FONT = "Noto Sans SC Variable, Noto Sans SC, Noto Sans CJK SC, sans-serif"

Figure = dict[str, Any]


def day_course(trend: Trend, theme: str, size: int = 18) -> Figure:
    """Draw today's course over yesterday's, with a line where now is.

    Args:
        trend: of the day.
        theme: dark or light.
        size: height of letters, px at 1080 lines.
    """
    colour = THEMES[theme]
    now = round(trend.now_hour * 12) / 12
    hours = [hour + 0.5 for hour in trend.hours]
    # The current hour is not over: what was counted in it so far would always seem to fall.
    today = [
        value if hour + 1 <= now else None
        for hour, value in zip(trend.hours, trend.today, strict=True)
    ]
    layout = _layout(colour, size)
    layout["xaxis"] |= {
        "range": [0, 24],
        "tickvals": [0, 6, 12, 18, 24],
        "ticktext": ["0:00", "6:00", "12:00", "18:00", "24:00"],
    }
    layout["shapes"] = [_now_line(now, colour)]
    return {
        "data": [
            _line(hours, trend.yesterday, colour.quiet, "dot"),
            _line(hours, today, colour.accent, "solid"),
        ],
        "layout": layout,
    }


def history(
    points: Sequence[tuple[datetime, float | None]], zone: str, theme: str, size: int = 16
) -> Figure:
    """Draw the hourly means of one sensor, in local time."""
    colour = THEMES[theme]
    local = ZoneInfo(zone)
    times = [moment.astimezone(local).strftime("%Y-%m-%d %H:%M") for moment, _ in points]
    layout = _layout(colour, size)
    layout["xaxis"] |= {"type": "date", "tickformat": "%H:%M", "nticks": 7}
    return {
        "data": [
            _line(times, [value for _, value in points], colour.accent, "solid", "lines+markers")
        ],
        "layout": layout,
    }


def _layout(colour: Palette, size: int) -> dict[str, Any]:
    axis = {
        "color": colour.hint,
        "gridcolor": colour.line,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": size, "color": colour.hint},
    }
    return {
        "autosize": True,
        "margin": {"l": 2.6 * size, "r": size, "t": 0.5 * size, "b": 1.6 * size},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "font": {"family": FONT, "size": size, "color": colour.text},
        "xaxis": axis | {"showgrid": False, "linecolor": colour.line, "showline": True},
        "yaxis": axis | {"rangemode": "tozero", "nticks": 4},
        "hovermode": False,
    }


def _line(
    x: Sequence[Any], y: Sequence[float | None], colour: str, dash: str, mode: str = "lines"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": mode,
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "dash": dash, "width": 3 if dash == "solid" else 2},
        "marker": {"size": 5},
        "connectgaps": False,
    }


def _now_line(now: float, colour: Palette) -> dict[str, Any]:
    line = {"color": colour.hint, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": now, "x1": now, "y0": 0, "y1": 1, "yref": "paper", "line": line}
