"""Spreadsheets (Excel, OpenDocument) as rows of text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

SHEETS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
"""Endings of their names."""

_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  Excel knows no zones
_DAY = timedelta(days=1)


class SheetError(Exception):
    """A spreadsheet that can't be read."""


def rows_of(file: Path, *, dates_as_numbers: bool) -> list[list[str]]:
    """Give the rows of the first sheet that has any, blank rows left out.

    Args:
        file: the spreadsheet.
        dates_as_numbers: days since 1899-12-30 instead of ISO 8601.

    Raises:
        SheetError: it is none.
    """
    try:
        with CalamineWorkbook.from_path(file) as book:
            sheets = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
            found = next((sheet for sheet in sheets if any(any(row) for row in sheet)), [])
    except CalamineError as error:
        raise SheetError(str(error)) from error
    rows = [[_text(cell, dates_as_numbers=dates_as_numbers) for cell in row] for row in found]
    return [row for row in rows if any(row)]


def _text(cell: object, *, dates_as_numbers: bool) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
        if not dates_as_numbers:
            return cell.date().isoformat()
    if isinstance(cell, datetime):
        return repr((cell - _DAY_ZERO) / _DAY) if dates_as_numbers else cell.isoformat(" ")
    return "" if cell is None else str(cell)
