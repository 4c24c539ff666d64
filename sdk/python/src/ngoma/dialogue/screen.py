"""How long a text is on a phone: GSM 03.38 septets, or UCS-2 units as soon as one character needs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these takes two septets: an escape and itself.
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much fits: septets if every character is in GSM 03.38, UCS-2 units otherwise."""

    septets: int
    units: int


#: A USSD screen.
USSD_SCREEN = Limits(septets=182, units=80)
#: One SMS that needs no joining.
SMS_SEGMENT = Limits(septets=160, units=70)


@dataclass(frozen=True, slots=True)
class Measure:
    """A text's encoding and its length in it."""

    encoding: Literal["gsm", "ucs2"]
    length: int


def measure(text: str) -> Measure:
    """Measures a text as a phone network does."""
    septets = 0
    for character in text:
        if character in _GSM_BASIC:
            septets += 1
        elif character in _GSM_EXTENSION:
            septets += 2
        else:
            return Measure("ucs2", len(text.encode("utf-16-le")) // 2)
    return Measure("gsm", septets)


def fits(text: str, limits: Limits) -> bool:
    """Whether a text fits."""
    measured = measure(text)
    return measured.length <= (limits.septets if measured.encoding == "gsm" else limits.units)


def compose(question: str, lines: Sequence[str], error: str | None, limits: Limits) -> str:
    """A screen of a question and the lines under it, with what was wrong above them. Where that is too long the question
    goes, and where it still is, the person sees the screen they know."""
    plain = "\n".join([question, *lines])
    if error is None:
        return plain
    for screen in (f"{error}\n{plain}", "\n".join([error, *lines])):
        if fits(screen, limits):
            return screen
    return plain


def cut(text: str, accept: Callable[[str], bool]) -> tuple[str, str]:
    """Cuts a text into a head that is accepted and the rest, between words where it can. The head is never empty."""
    head = _longest(re.findall(r"\s*\S+", text), accept) or _longest(text, accept) or text[:1]
    return head, text[len(head) :].lstrip()


def _longest(pieces: Iterable[str], accept: Callable[[str], bool]) -> str:
    head = ""
    for piece in pieces:
        if not accept(head + piece):
            return head
        head += piece
    return head
