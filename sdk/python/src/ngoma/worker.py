"""The worker that the engine starts: loads a service once, and forks for every step.

It finds itself locked down already: no network, no files but its own, no other program. What is left to do is to speak the
engine's protocol on the control socket (frames: four bytes of length, then JSON; each step is eight bytes, its number, with
its own socket attached) and to take away from a step what only the worker may do.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import faulthandler
import gc
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ngoma import failures, loading
from ngoma.protocol import LINE_BYTES, Conversation, Limits, Scene, run_step
from ngoma.service import Service

#: linux/prctl.h, linux/seccomp.h
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
#: The longest frame that is read: how to load, and which code.
_FRAME_BYTES = 1 << 20

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


class _Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the engine tells a worker as it starts."""

    control: int
    code: str
    filter: bytes
    processor_seconds: int
    wall_grace_ms: int
    limits: Limits

    @classmethod
    def read(cls, text: str) -> Settings:
        """Settings as the environment holds them."""
        told = json.loads(text)
        limits = told["limits"]
        return cls(
            control=told["control"],
            code=told["code"],
            filter=bytes.fromhex(told["filter"]),
            processor_seconds=limits["processor_seconds"],
            wall_grace_ms=limits["wall_grace_ms"],
            limits=Limits(limits["output_bytes"], limits["requests"], limits["memory_mib"]),
        )


class Worker:
    """A worker, from its first frame to the end of its control socket."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._control = socket.socket(fileno=settings.control)
        self._selector = selectors.DefaultSelector()
        #: The process and the step behind each descriptor that tells of its end.
        self._steps: dict[int, tuple[int, int]] = {}

    def run(self, main: str) -> None:
        """Loads the service and runs steps until the engine closes the control socket."""
        # Where a crash was is told on the standard error.
        faulthandler.enable(file=2)
        loading_scene = self._read_loading()
        loading_scene.seed_random()
        sys.addaudithook(_explain)
        try:
            service = loading.load(self._settings.code, main)
        except BaseException as error:
            self._tell({"failed": failures.describe(error, self._settings.code, self._settings.limits.memory_mib)})
            return
        gc.collect()
        gc.freeze()
        self._tell("ready")
        self._serve(service)

    def _read_loading(self) -> Scene:
        (length,) = struct.unpack("<I", self._receive(4))
        if length > _FRAME_BYTES:
            raise ValueError(f"a frame of {length} bytes")
        body = self._receive(length)
        (length,) = struct.unpack_from("<Q", body)
        return Scene.read(json.loads(body[8 : 8 + length]).get("scene") or {})

    def _receive(self, count: int) -> bytes:
        body = b""
        while len(body) < count:
            more = self._control.recv(count - len(body))
            if not more:
                raise EOFError("the engine is gone")
            body += more
        return body

    def _tell(self, report: object) -> None:
        body = json.dumps(report).encode()
        self._control.sendall(struct.pack("<I", len(body)) + body)

    def _serve(self, service: Service) -> None:
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fd != self._settings.control:
                    self._bury(key.fd)
                elif not self._begin_step(service):
                    return

    def _begin_step(self, service: Service) -> bool:
        number, sockets, _, _ = socket.recv_fds(self._control, 8, 1)
        if not number:
            return False
        (step,) = struct.unpack("<Q", number)
        (file,) = sockets
        try:
            process = os.fork()
        except OSError:
            self._tell({"died": {"step": step, "death": {"signal": int(signal.SIGKILL)}}})
        else:
            if process == 0:
                self._be_step(file, service)
            watch = os.pidfd_open(process)
            self._steps[watch] = (process, step)
            self._selector.register(watch, selectors.EVENT_READ)
        os.close(file)
        return True

    def _bury(self, watch: int) -> None:
        """Collects a step that ended, and tells of one that did not end by itself."""
        self._selector.unregister(watch)
        os.close(watch)
        process, step = self._steps.pop(watch)
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status):
            self._tell({"died": {"step": step, "death": {"signal": os.WTERMSIG(status)}}})
        elif os.WEXITSTATUS(status) != 0:
            self._tell({"died": {"step": step, "death": {"code": os.WEXITSTATUS(status)}}})

    def _be_step(self, file: int, service: Service) -> NoReturn:
        """The forked process: a step, and then the end."""
        code = 1
        try:
            _call_prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            self._selector.close()
            for watch in self._steps:
                os.close(watch)
            self._control.close()
            _run(socket.socket(fileno=file), service, self._settings)
            code = 0
        except BaseException as error:
            # The engine sees that the process ended; this is for whoever looks for the reason.
            os.write(2, f"a step broke: {error!r}\n".encode())
        finally:
            os._exit(code)


def _run(connection: socket.socket, service: Service, settings: Settings) -> None:
    opening, command = (json.loads(line) for line in _read_two_lines(connection))
    wall_ms = int(opening["wall_ms"])
    signal.setitimer(signal.ITIMER_REAL, (wall_ms + settings.wall_grace_ms) / 1000)
    resource.setrlimit(resource.RLIMIT_CPU, (settings.processor_seconds, settings.processor_seconds + 1))
    _install(settings.filter)
    asyncio.run(_converse(connection, service, command, opening, settings, wall_ms))


async def _converse(
    connection: socket.socket,
    service: Service,
    command: Mapping[str, Any],
    opening: Mapping[str, Any],
    settings: Settings,
    wall_ms: int,
) -> None:
    reader, writer = await asyncio.open_connection(sock=connection, limit=LINE_BYTES)
    talk = Conversation(reader, writer, Scene.read(opening.get("scene") or {}), settings.limits)
    await run_step(service, command, talk, code=settings.code, wall_ms=wall_ms, limits=settings.limits)
    writer.close()
    await writer.wait_closed()
    # Whatever the service left running has no say any more.
    os._exit(0)


def _read_two_lines(connection: socket.socket) -> list[bytes]:
    text = b""
    while text.count(b"\n") < 2:
        more = connection.recv(64 << 10)
        if not more:
            raise EOFError("the engine is gone")
        text += more
    return text.split(b"\n")[:2]


def _install(program: bytes) -> None:
    """Binds this process to a filter of system calls for good."""
    instructions = ctypes.create_string_buffer(program, len(program))
    told = _Program(len(program) // 8, ctypes.addressof(instructions))
    _call_prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(told))


def _call_prctl(option: int, first: int, second: int = 0) -> None:
    if _prctl(option, first, second, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _explain(event: str, arguments: tuple[Any, ...]) -> None:
    """Says in words what the kernel would refuse with a number."""
    if event == "socket.__new__" and arguments[1] not in (-1, socket.AF_UNIX):
        raise PermissionError(errno.EPERM, "a service has no network of its own: call others with ctx.http")
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
        raise PermissionError(errno.EPERM, "a service cannot start programs")
