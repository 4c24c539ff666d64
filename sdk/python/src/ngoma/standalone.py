"""Runs a service over the line protocol on standard input and output, one message after the other: for trying it, and for
hosts that speak the protocol of Vumi's sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from ngoma import failures, loading
from ngoma.protocol import LINE_BYTES, Conversation, Limits, Scene, run_step
from ngoma.service import Service


def run(code: str, main: str) -> int:
    """Answers every message until standard input ends; gives the exit code."""
    # What the service prints must not be read as protocol.
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        service = loading.load(code, main)
    except BaseException as error:
        failure = failures.describe(error, code)
        os.write(output, json.dumps({"cmd": "js.error", **failure}).encode() + b"\n")
        return 1
    asyncio.run(_serve(service, code, output))
    return 0


async def _serve(service: Service, code: str, output: int) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(output, "wb", 0))
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    plain = sys.stdout, sys.stderr
    waiting: list[bytes] = []
    while line := waiting.pop(0) if waiting else await reader.readline():
        command = json.loads(line)
        if command.get("cmd") not in ("inbound-message", "inbound-event"):
            continue
        limits = Limits()
        talk = Conversation(reader, writer, Scene(), limits)
        await run_step(service, command, talk, code=code, wall_ms=None, limits=limits)
        waiting.extend(talk.others)
        sys.stdout, sys.stderr = plain
