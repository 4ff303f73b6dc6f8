"""Text in a cell of a CSV file, so that a spreadsheet that opens the file shows it and never computes it."""

from typing import Final

# What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_BEGINS_WITH: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula, else as it is.

    For text that somebody else chose (names, tags, ids), not for numbers: a negative number begins with "-" and
    is to stay one. Quoting is left to whatever writes the row.
    """
    return f"'{text}" if text.startswith(_FORMULA_BEGINS_WITH) else text
