"""The pages of the product. A page is one file and one row here."""

from __future__ import annotations

from dashboard.pages import area, record, sources, wall
from dashboard.pages.page import Page

PAGES: tuple[Page, ...] = (wall.PAGE, area.PAGE, sources.PAGE, record.PAGE)
