"""What a service is told: messages and events, as Vumi words them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Message:
    """A message from a person. `fields` is the whole of it."""

    message_id: str
    from_addr: str | None
    to_addr: str | None
    content: str | None
    #: `new`, `resume` or `close` in a session; `None` where the channel has no sessions, such as SMS.
    session_event: str | None
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Message:
        """A message as it came."""
        return cls(
            message_id=_text(fields, "message_id") or "",
            from_addr=_text(fields, "from_addr"),
            to_addr=_text(fields, "to_addr"),
            content=_text(fields, "content"),
            session_event=_text(fields, "session_event"),
            fields=fields,
        )

    @property
    def text(self) -> str:
        """The content without the spaces around it; empty if there is none."""
        return (self.content or "").strip()


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a message that the service sent: an `ack`, a `nack` or a `delivery_report`."""

    event_type: str
    user_message_id: str
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Event:
        """An event as it came."""
        return cls(
            event_type=_text(fields, "event_type") or "",
            user_message_id=_text(fields, "user_message_id") or "",
            fields=fields,
        )
