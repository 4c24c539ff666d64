"""Checks of what a person typed: each gives the value to keep, or says in words what to do instead."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date as day
from datetime import timedelta

from ngoma.dialogue.words import DialogueContext


@dataclass(frozen=True, slots=True)
class Problem:
    """The input is not good; the message, which is translated, says what to do."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)


#: Gives the value to keep as the answer, or a `Problem`.
Check = Callable[[str, DialogueContext], str | Problem | Awaitable[str | Problem]]


def problem(message: str, /, **values: object) -> Problem:
    """What is wrong, in words that say what to do; `{name}` is replaced from the values."""
    return Problem(message, values)


def date(*, first: int, last: int, unreadable: str, too_early: str, too_late: str) -> Check:
    """A day typed as DDMMYYYY or DD/MM/YYYY (or with - or . or spaces), kept as `2027-03-25`. `first` and `last` are the
    good days, counted from today; the messages may use `{example}`, `{first}` and `{last}`."""

    def check(text: str, ctx: DialogueContext) -> str | Problem:
        today = ctx.now().date()
        earliest, latest = today + timedelta(first), today + timedelta(last)
        shown = {
            "first": format_date(earliest),
            "last": format_date(latest),
            "example": format_date(today + timedelta((first + last) // 2)),
        }
        typed = _read_date(text)
        if typed is None:
            return Problem(unreadable, shown)
        if typed < earliest:
            return Problem(too_early, shown)
        if typed > latest:
            return Problem(too_late, shown)
        return typed.isoformat()

    return check


def format_date(value: day | str) -> str:
    """`2027-03-25` as people write it: `25/03/2027`."""
    return "/".join(reversed(str(value).split("-")))


def number(*, minimum: int, maximum: int, error: str) -> Check:
    """A whole number between two, both good. The message may use `{min}` and `{max}`."""

    def check(text: str, _ctx: DialogueContext) -> str | Problem:
        is_number = re.fullmatch(r"[0-9]{1,15}", text) is not None
        if is_number and minimum <= int(text) <= maximum:
            return str(int(text))
        return problem(error, min=minimum, max=maximum)

    return check


def phone(*, calling_code: str, digits: int, error: str) -> Check:
    """A telephone number, kept as `+27831234567`; a national one (`083 123 4567`) gets the calling code. `digits` is how
    many follow the calling code in that country."""
    own = f"+{calling_code}"

    def check(text: str, _ctx: DialogueContext) -> str | Problem:
        typed = re.sub(r"[\s().-]", "", text)
        full = re.sub(r"^0", own, re.sub(r"^00", "+", typed))
        is_whole = not full.startswith(own) or len(full) == len(own) + digits
        return full if is_whole and re.fullmatch(r"\+[1-9][0-9]{7,14}", full) else problem(error)

    return check


def _read_date(text: str) -> day | None:
    parts = re.fullmatch(r"([0-9]{2})([0-9]{2})([0-9]{4})", text) or re.fullmatch(
        r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4})", text
    )
    if parts is None:
        return None
    try:
        return day(int(parts[3]), int(parts[2]), int(parts[1]))
    except ValueError:
        return None
