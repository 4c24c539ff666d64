"""Tests of a service without any process: a phone, and resources in memory.

def test_a_name_is_asked() -> None:
    phone = Tester(service)
    assert phone.dial().text == "What is your name?"
    assert phone.send("Nomsa").text == "Thank you, Nomsa."
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ngoma.context import Context
from ngoma.messages import Event, Message
from ngoma.service import Service
from ngoma.testing.resources import Call, Resources, Sent, World

__all__ = ["Call", "Reply", "Sent", "Tester"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a step answered; without an answer the text is `None`."""

    text: str | None
    #: Whether the session ended with it.
    is_end: bool


class Tester:
    """A phone that uses a service. Each step is whole: one that raises leaves nothing behind, and raises in the test."""

    # pytest collects what is named so.
    __test__ = False

    def __init__(
        self,
        service: Service,
        *,
        address: str = "+27831234567",
        config: Mapping[str, Any] | None = None,
        kv: Mapping[str, Any] | None = None,
        now: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc),
        seed: int = 0,
    ) -> None:
        self.service = service
        self.address = address
        #: The time that the service sees; `wait` moves it on.
        self.now = now
        self._seed = seed
        self._messages = 0
        self._world = World(config=dict(config or {}), kv={key: (value, None) for key, value in (kv or {}).items()})

    def dial(self) -> Reply:
        """Begins a session."""
        return self._message(None, "new")

    def send(self, text: str) -> Reply:
        """Says something in the session."""
        return self._message(text, "resume")

    def hang_up(self) -> Reply:
        """Ends the session."""
        return self._message(None, "close")

    def sms(self, text: str) -> Reply:
        """Sends a text without a session."""
        return self._message(text, None)

    def event(self, event_type: str, user_message_id: str = "sent-1", **fields: Any) -> None:
        """Tells the service what became of a message."""
        told = {"event_type": event_type, "user_message_id": user_message_id, **fields}
        self._step(None, lambda ctx: self.service.handle_event(Event.read(told), ctx))

    def wait(self, **duration: float) -> None:
        """Moves the clock on: `wait(hours=80)`."""
        self.now += timedelta(**duration)

    def answer_http(
        self, method: str, url: str, *, code: int = 200, body: str = "", headers: Mapping[str, list[str]] | None = None
    ) -> None:
        """Has calls of this method to an address that begins so be answered; others are refused."""
        self._world.http.append((method.lower(), url, {"code": code, "body": body, "headers": dict(headers or {})}))

    def answer(self, command: str, function: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Has a function answer a command of any resource; it may raise `ResourceError`."""
        self._world.scripted[command] = function

    @property
    def kv(self) -> dict[str, Any]:
        """The service's keys and their values."""
        return {key: value for key, (value, until) in self._world.kv.items() if until is None or until > self.now}

    @property
    def sent(self) -> list[Sent]:
        """The messages to others, in order."""
        return self._world.sent

    @property
    def log(self) -> list[tuple[str, str]]:
        """The lines of the log: level and text."""
        return self._world.log

    @property
    def calls(self) -> list[Call]:
        """The calls to the outside, in order."""
        return self._world.calls

    @property
    def metrics(self) -> list[tuple[str, float, str]]:
        """Measurements: name, value and aggregate."""
        return self._world.metrics

    @property
    def contacts(self) -> dict[str, dict[str, Any]]:
        """The account's contacts, by key."""
        return self._world.contacts

    @property
    def opted_out(self) -> set[str]:
        """Who wants no messages."""
        return self._world.opted_out

    @property
    def handed_over_to(self) -> str | None:
        """The service that the person was handed over to."""
        return self._world.handed_over_to

    def _message(self, content: str | None, session_event: str | None) -> Reply:
        self._messages += 1
        fields = {
            "message_id": f"message-{self._messages}",
            "from_addr": self.address,
            "to_addr": "*120*8864#",
            "content": content,
            "session_event": session_event,
        }
        message = Message.read(fields)
        replies = self._step(message, lambda ctx: self.service.handle_message(message, ctx))
        if not replies:
            return Reply(None, is_end=False)
        assert len(replies) == 1, f"one message has {len(replies)} answers"
        content, continues = replies[0]
        return Reply(content, is_end=not continues)

    def _step(self, message: Message | None, run: Callable[[Context], Any]) -> list[tuple[str | None, bool]]:
        """Runs a step on a copy of the world, which takes its place if all goes well."""
        world = self._world.copy()
        message_id = None if message is None else message.message_id
        resources = Resources(world, self.now, random.Random(self._seed + self._messages), message_id)
        asyncio.run(run(Context(resources, message)))
        self._world = world
        return copy.copy(resources.replies)
