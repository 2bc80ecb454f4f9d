"""Every visible string of the screens, once, in Chinese and in English."""

from __future__ import annotations

from dashboard.text.say import LANGUAGES, Say

__all__ = ["LANGUAGES", "Say"]
