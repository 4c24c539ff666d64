"""What is stored about a person: one small value under one key, the same as the library for JavaScript stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

#: The version of the stored form; a value of another version is not read.
VERSION = 1

#: How the person was last spoken to: in a session (USSD), or by single texts (SMS).
Manner = Literal["session", "texts"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an unfinished dialogue stands."""

    state: str
    page: int
    manner: Manner
    #: Seconds since 1970, when the person was last here.
    since: int
    #: The screen before them is the offer to go on, not the state's own.
    is_offered: bool = False


@dataclass(slots=True)
class Person:
    """A person, as stored."""

    answers: dict[str, str] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    language: str | None = None
    #: Only while a dialogue is unfinished.
    at: Place | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        stored: dict[str, Any] = {"v": VERSION, "answers": self.answers, "profile": self.profile}
        if self.language is not None:
            stored["language"] = self.language
        if self.at is not None:
            at = self.at
            stored["at"] = {"state": at.state, "page": at.page, "manner": at.manner, "since": at.since}
            if at.is_offered:
                stored["at"]["isOffered"] = True
        return stored


def person_key(service: str, address: str) -> str:
    """The key of a person."""
    return f"users.{service}.{address}"


def read_person(stored: Any) -> Person | None:
    """Reads what was stored; `None` for a form that this version does not know."""
    if not isinstance(stored, dict) or stored.get("v") != VERSION:
        return None
    answers, profile = stored.get("answers"), stored.get("profile")
    if not isinstance(answers, dict) or not isinstance(profile, dict):
        return None
    language = stored.get("language")
    return Person(
        answers={str(name): str(answer) for name, answer in answers.items()},
        profile=dict(profile),
        language=language if isinstance(language, str) else None,
        at=_read_place(stored.get("at")),
    )


def _read_place(stored: Any) -> Place | None:
    if not isinstance(stored, dict):
        return None
    try:
        return Place(
            state=str(stored["state"]),
            page=int(stored["page"]),
            manner="texts" if stored["manner"] == "texts" else "session",
            since=int(stored["since"]),
            is_offered=bool(stored.get("isOffered", False)),
        )
    except (KeyError, TypeError, ValueError):
        return None
