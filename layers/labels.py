"""Names that people read, in both languages of the product."""

from __future__ import annotations

import msgspec


class Label(msgspec.Struct, frozen=True):
    """A human name in Chinese and in English."""

    zh: str
    """Simplified Chinese; shown first."""
    en: str
    """English; shown when the viewer asks for it."""

    def of(self, lang: str) -> str:
        """Give the text in `lang` ("zh" or "en"); any other language reads Chinese."""
        return self.en if lang == "en" else self.zh
