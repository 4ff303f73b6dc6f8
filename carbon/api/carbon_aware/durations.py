"""Lengths of time as the Carbon Aware SDK writes them: .NET's TimeSpan, constant format."""

from functools import lru_cache

_MICROSECONDS_PER_SECOND = 1_000_000


@lru_cache(maxsize=1_024)
def duration_text(microseconds: int) -> str:
    """`hh:mm:ss`, with days before it (`d.`) and a fraction of seven digits behind it where there are any."""
    sign, left = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    seconds, fraction = divmod(left, _MICROSECONDS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return sign + (f"{days}." if days else "") + clock + (f".{fraction * 10:07}" if fraction else "")
