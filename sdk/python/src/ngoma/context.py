"""What a service's functions are given: its resources, its clock, and the way to answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from ngoma.messages import Message
from ngoma.resources.config import Config
from ngoma.resources.contacts import Contacts, Groups
from ngoma.resources.http import Http
from ngoma.resources.kv import Kv
from ngoma.resources.log import Log
from ngoma.resources.message_store import MessageStore
from ngoma.resources.metrics import Metrics
from ngoma.resources.optout import OptOut
from ngoma.resources.outbound import Outbound
from ngoma.resources.session import Session


class Surroundings(Protocol):
    """What a step runs in: the real engine, or a test's."""

    async def request(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Asks a resource. A refusal raises `ResourceError`."""

    def now(self) -> datetime:
        """The step's time, in UTC."""

    def random(self) -> random.Random:
        """The step's random numbers."""


class Context:
    """One step: a message or an event, and all that may be done about it. What it does is stored and sent as a whole when
    the step ends, or not at all when it fails."""

    def __init__(self, surroundings: Surroundings, message: Message | None) -> None:
        self._surroundings = surroundings
        #: The message that is being answered; `None` in a step of an event.
        self.message = message
        self.kv = Kv(self.request)
        self.config = Config(self.request)
        self.http = Http(self.request)
        self.log = Log(self.request)
        self.outbound = Outbound(self.request)
        self.metrics = Metrics(self.request)
        self.contacts = Contacts(self.request)
        self.groups = Groups(self.request)
        self.optout = OptOut(self.request)
        self.message_store = MessageStore(self.request)
        self.session = Session(self.request)

    async def request(self, command: str, /, **params: Any) -> dict[str, Any]:
        """Asks any resource by its command: `await ctx.request("kv.get", key="a")`."""
        return await self._surroundings.request(command, params)

    async def reply(self, content: str | None, *, end: bool = False) -> None:
        """Answers the message; `end` ends the session."""
        if self.message is None:
            raise ValueError("there is no message to answer in a step of an event; use ctx.outbound.send")
        await self.outbound.reply(self.message.message_id, content, end=end)

    def now(self) -> datetime:
        """The step's time, in UTC. It is what the engine says, also when a step is run again to be looked into."""
        return self._surroundings.now()

    @property
    def random(self) -> random.Random:
        """Random numbers, the same when a step is run again. Not for secrets: use the module `secrets`."""
        return self._surroundings.random()
