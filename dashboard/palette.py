"""Colours of plotly figures, which can't read CSS variables. Kept equal to assets/tokens.css."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one theme."""

    text: str
    hint: str
    line: str
    ground: str
    accent: str
    """Today's series."""
    quiet: str
    """Yesterday's series."""


DARK = Palette("#eaf1f8", "#b3c4d5", "#26384c", "#101b28", "#45c4d6", "#8da2b7")
LIGHT = Palette("#14202c", "#43566a", "#d3dce5", "#ffffff", "#0b7285", "#66788a")

THEMES = {"dark": DARK, "light": LIGHT}
