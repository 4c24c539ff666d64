"""The line protocol of one step: requests out, replies in, until the step ends. A line is a JSON object; before a reply may
stand the moment it was given, in microseconds since 1970."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import random
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, TextIO, cast

from ngoma import failures
from ngoma.context import Context
from ngoma.errors import ResourceError, StepLimitError
from ngoma.messages import Event, Message
from ngoma.service import Service

#: The longest line that is read: the answer to a call may be long.
LINE_BYTES = 8 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step may use."""

    output_bytes: int = 1 << 20
    requests: int = 1000
    memory_mib: int | None = None


@dataclass(slots=True)
class Scene:
    """What a step finds of the world: with the same scene and the same replies it does the same."""

    seed: str | None = None
    now_us: int | None = None
    #: `frozen`, `stepped` (it moves with replies) or `real`.
    clock: str = "real"

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Scene:
        """A scene as the engine told it."""
        seed, now_us = fields.get("seed"), fields.get("now_us")
        return cls(
            seed=seed if isinstance(seed, str) else None,
            now_us=now_us if isinstance(now_us, int) else None,
            clock=str(fields.get("clock", "real")) if isinstance(now_us, int) else "real",
        )

    def seed_random(self) -> random.Random:
        """Random numbers from the seed; those of the module `random` come from it too."""
        own = random.Random(self.seed)
        random.seed(own.getrandbits(256) if self.seed is not None else None)
        return own

    def moved_to(self, at_us: int) -> None:
        """A reply came at that moment."""
        if self.clock == "stepped" and self.now_us is not None:
            self.now_us = max(self.now_us, at_us)

    def now(self) -> datetime:
        """The time, in UTC."""
        if self.clock == "real" or self.now_us is None:
            return datetime.now(timezone.utc)
        return _EPOCH + timedelta(microseconds=self.now_us)


class Conversation:
    """A step's side of the protocol."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scene: Scene, limits: Limits = Limits()
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._scene = scene
        self._limits = limits
        self._random = scene.seed_random()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiting: dict[str, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self._count = 0
        self._bytes = 0
        #: Lines that are no replies, for whoever reads on when the step is over.
        self.others: list[bytes] = []

    async def request(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Asks a resource and waits for its reply."""
        future: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        cmd_id = self.tell(command, params)
        self._waiting[cmd_id] = (command, future)
        return await future

    def tell(self, command: str, params: Mapping[str, Any]) -> str:
        """Says something to a resource without waiting; gives the id that its reply will have."""
        self._count += 1
        cmd_id = str(self._count)
        line = json.dumps({**params, "cmd": command, "cmd_id": cmd_id, "reply": False}).encode() + b"\n"
        self._bytes += len(line)
        if self._count > self._limits.requests:
            raise StepLimitError(f"the service made more than {self._limits.requests} requests in one step")
        if self._bytes > self._limits.output_bytes:
            raise StepLimitError(f"the service sent more than {self._limits.output_bytes >> 20} MiB in one step")
        self._writer.write(line)
        return cmd_id

    def now(self) -> datetime:
        """The step's time, in UTC."""
        return self._scene.now()

    def random(self) -> random.Random:
        """The step's random numbers."""
        return self._random

    def log(self, level: str, text: str) -> None:
        """A line for the service's log, from any thread."""
        if threading.get_ident() == self._thread:
            self.tell(f"log.{level}", {"msg": text})
        else:
            self._loop.call_soon_threadsafe(self.log, level, text)

    async def listen(self) -> None:
        """Takes replies until the other side is gone."""
        while line := await self._reader.readline():
            self._take(line)

    def _take(self, line: bytes) -> None:
        head, space, rest = line.partition(b" ")
        if space and head.isdigit():
            self._scene.moved_to(int(head))
            line = rest
        reply = json.loads(line)
        if not reply.get("reply"):
            self.others.append(line)
            return
        command, future = self._waiting.pop(str(reply.get("cmd_id")), (None, None))
        if command is None or future is None or future.done():
            return
        if reply.get("success"):
            future.set_result(reply)
        else:
            future.set_exception(ResourceError(command, str(reply.get("reason") or "refused without a reason")))

    async def end(self, failure: Mapping[str, Any] | None) -> None:
        """The last line: the step is done, or failed."""
        last: dict[str, Any] = {"cmd": "js.done"} if failure is None else {"cmd": "js.error", **failure}
        self._writer.write(json.dumps(last).encode() + b"\n")
        await self._writer.drain()


async def run_step(
    service: Service, command: Mapping[str, Any], talk: Conversation, *, code: str, wall_ms: int | None, limits: Limits
) -> None:
    """Runs one step to its end and says how it ended. What is printed meanwhile goes to the service's log."""
    printed = say_to_log(talk)
    handling = asyncio.ensure_future(_handle(service, command, talk, code, limits))
    listening = asyncio.ensure_future(talk.listen())
    await asyncio.wait(
        {handling, listening}, timeout=None if wall_ms is None else wall_ms / 1000, return_when=asyncio.FIRST_COMPLETED
    )
    if handling.done():
        failure = handling.result()
    elif listening.done():
        # Nobody waits for this step any more.
        os._exit(1)
    else:
        failure = {"message": f"the service took longer than {failures.seconds_in_words(wall_ms or 0)}"}
    listening.cancel()
    await asyncio.wait({listening})
    if failure is None:
        failure = _finish(printed)
    await talk.end(failure)


def _finish(printed: list[LogStream]) -> dict[str, Any] | None:
    """Says what was printed without an end of line."""
    try:
        for stream in printed:
            stream.finish()
    except StepLimitError as error:
        return {"message": str(error)}
    return None


async def _handle(
    service: Service, command: Mapping[str, Any], talk: Conversation, code: str, limits: Limits
) -> dict[str, Any] | None:
    """The service's own part; what it raises is the failure."""
    fields = command.get("msg") or {}
    try:
        if command["cmd"] == "inbound-event":
            await service.handle_event(Event.read(fields), Context(talk, None))
        else:
            message = Message.read(fields)
            await service.handle_message(message, Context(talk, message))
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return failures.describe(error, code, limits.memory_mib)
    return None


class LogStream(io.TextIOBase):
    """What is printed, line by line, as lines of the service's log."""

    def __init__(self, talk: Conversation, level: str) -> None:
        self._talk = talk
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._talk.log(self._level, line)
        return len(text)

    def flush(self) -> None:
        """Lines go as they end; see `finish`."""

    def finish(self) -> None:
        """What was printed without an end of line."""
        if self._rest:
            self._talk.log(self._level, self._rest)
            self._rest = ""


class LogHandler(logging.Handler):
    """Lines of the module `logging`, in the service's log."""

    def __init__(self, talk: Conversation) -> None:
        super().__init__(level=logging.INFO)
        self._talk = talk

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        self._talk.log(level if level in ("debug", "info", "warning", "error", "critical") else "info", self.format(record))


def say_to_log(talk: Conversation) -> list[LogStream]:
    """Has `print()` and `logging` write to the service's log."""
    streams = [LogStream(talk, "info"), LogStream(talk, "warning")]
    sys.stdout, sys.stderr = (cast(TextIO, stream) for stream in streams)
    root = logging.getLogger()
    root.addHandler(LogHandler(talk))
    if root.level > logging.INFO:
        root.setLevel(logging.INFO)
    return streams
