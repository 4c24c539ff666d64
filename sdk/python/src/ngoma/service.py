"""A service: the functions that answer messages and hear of events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ngoma.context import Context
from ngoma.messages import Event, Message

MessageHandler = Callable[[Message, Context], Awaitable[None]]
EventHandler = Callable[[Event, Context], Awaitable[None]]


class Service:
    """A service as functions. The file that is run has one, under any name:

    service = Service()

    @service.on_message
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.reply(f"You said: {message.text}")
    """

    def __init__(self) -> None:
        self._message_handler: MessageHandler | None = None
        self._event_handler: EventHandler | None = None

    def on_message(self, handler: MessageHandler) -> MessageHandler:
        """Has this function answer every message."""
        self._message_handler = handler
        return handler

    def on_event(self, handler: EventHandler) -> EventHandler:
        """Has this function hear what became of the messages that were sent."""
        self._event_handler = handler
        return handler

    async def handle_message(self, message: Message, ctx: Context) -> None:
        """One step: a message."""
        if self._message_handler is not None:
            await self._message_handler(message, ctx)

    async def handle_event(self, event: Event, ctx: Context) -> None:
        """One step: an event."""
        if self._event_handler is not None:
            await self._event_handler(event, ctx)
