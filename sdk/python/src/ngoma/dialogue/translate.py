"""Messages in the person's language: a plain catalogue from the source text to its translation."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Source text to translation; both may hold `{name}` placeholders.
Catalogue = Mapping[str, str]


def translate(catalogue: Catalogue | None, message: str, values: Mapping[str, object]) -> str:
    """The translation of a message, or the message itself if there is none, with its placeholders replaced."""
    own = None if catalogue is None else catalogue.get(message)
    return fill(own if own is not None else message, values)


def fill(message: str, values: Mapping[str, object]) -> str:
    """Replaces `{name}` by its value, once: what a person typed is never read as a placeholder. Unknown names stay."""

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[0] if value is None else str(value)

    return re.sub(r"\{(\w+)\}", value_of, message)
