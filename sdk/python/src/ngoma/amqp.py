"""Runs a service beside Vumi or Ngoma, as a worker on their RabbitMQ: `pip install ngoma[amqp]`.

from ngoma import amqp
amqp.run(service, "amqp://guest:guest@127.0.0.1:5672/%2fvumi", "ngoma")

It consumes `<transport_name>.inbound` and `.event` of the exchange `vumi` and publishes to `.outbound`, as every application
worker does. There, keys are kept in a mapping that is yours to choose, and there is neither sandbox nor any resource but
`kv`, `config`, `log` and `outbound`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import uuid
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timezone
from typing import Any

import pika

from ngoma.context import Context
from ngoma.errors import ResourceError
from ngoma.messages import Event, Message
from ngoma.service import Service

_EXCHANGE = "vumi"
_VERSION = "20110921"
#: As many as Vumi's workers take at a time.
_PREFETCH = 20
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
#: What an answer takes over from the message it answers.
_KEPT = ("transport_name", "transport_type", "transport_metadata", "helper_metadata", "group", "provider")

_log = logging.getLogger("ngoma.amqp")


class Worker:
    """A service on one transport's queues."""

    def __init__(
        self,
        service: Service,
        transport_name: str,
        *,
        config: Mapping[str, Any] | None = None,
        kv: MutableMapping[str, Any] | None = None,
    ) -> None:
        self._service = service
        self._name = transport_name
        self._config = config or {}
        self._kv: MutableMapping[str, Any] = {} if kv is None else kv

    def run(self, url: str) -> None:
        """Connects and works until the connection ends."""
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.exchange_declare(_EXCHANGE, exchange_type="direct", durable=True)
        for ending in ("inbound", "outbound", "event"):
            queue = f"{self._name}.{ending}"
            channel.queue_declare(queue, durable=True)
            channel.queue_bind(queue, _EXCHANGE, routing_key=queue)
        channel.basic_qos(prefetch_count=_PREFETCH)
        for ending in ("inbound", "event"):
            channel.basic_consume(f"{self._name}.{ending}", self._consumer(ending))
        _log.info("works on the queues of %s", self._name)
        try:
            channel.start_consuming()
        finally:
            if connection.is_open:
                connection.close()

    def _consumer(self, ending: str) -> Any:
        def consume(channel: Any, delivery: Any, _properties: Any, body: bytes) -> None:
            try:
                published = self.handle(ending, json.loads(body))
            except Exception:
                # As vumi2 does: it would fail again, and its text is nobody's business here.
                _log.exception("a message could not be handled")
                channel.basic_nack(delivery.delivery_tag, requeue=False)
                return
            for message in published:
                channel.basic_publish(
                    _EXCHANGE,
                    f"{self._name}.outbound",
                    json.dumps(message).encode(),
                    pika.BasicProperties(delivery_mode=2, content_type="application/json"),
                )
            channel.basic_ack(delivery.delivery_tag)

        return consume

    def handle(self, ending: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Runs a step; gives what it sends. A step that raises leaves nothing behind."""
        message = None if ending == "event" else Message.read(fields)
        step = _Step(self._name, self._config, self._kv, fields)
        ctx = Context(step, message)
        if message is None:
            asyncio.run(self._service.handle_event(Event.read(fields), ctx))
        else:
            asyncio.run(self._service.handle_message(message, ctx))
        step.commit()
        return step.published


def run(
    service: Service,
    url: str,
    transport_name: str,
    *,
    config: Mapping[str, Any] | None = None,
    kv: MutableMapping[str, Any] | None = None,
) -> None:
    """Runs a service on the queues of a transport until the connection ends. Without `kv`, keys are forgotten at the end."""
    Worker(service, transport_name, config=config, kv=kv).run(url)


class _Step:
    """The surroundings of a step."""

    def __init__(
        self, name: str, config: Mapping[str, Any], kv: MutableMapping[str, Any], fields: Mapping[str, Any]
    ) -> None:
        self._name = name
        self._config = config
        self._kv = kv
        self._fields = fields
        self._now = datetime.now(timezone.utc)
        self._random = random.Random()
        #: What is written when the step ends: the value, or `None` for a key that is removed.
        self._written: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []

    def now(self) -> datetime:
        return self._now

    def random(self) -> random.Random:
        return self._random

    async def request(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        match command.split("."):
            case ["kv", name]:
                return self._keys(command, name, params)
            case ["config", "get"]:
                return {"value": self._config.get(params["key"])}
            case ["log", level]:
                _log.log(_LEVELS.get(level, logging.INFO), "%s", params["msg"])
                return {}
            case ["outbound", "reply_to"]:
                return self._reply(command, params)
            case ["outbound", "send_to"]:
                addresses = {"to_addr": params["to_addr"], "from_addr": None, "content": params["content"]}
                self._publish({**addresses, "routing_metadata": {"endpoint_name": params["endpoint"]}})
                return {}
        raise ResourceError(command, "there is no such resource over AMQP")

    def commit(self) -> None:
        """Writes the step's keys."""
        for key, value in self._written.items():
            if value is None:
                self._kv.pop(key, None)
            else:
                self._kv[key] = value

    def _keys(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        key = params["key"]
        value = self._written[key] if key in self._written else self._kv.get(key)
        match name:
            case "get":
                return {"value": value}
            case "set" if params.get("seconds") is None:
                self._written[key] = params["value"]
                return {}
            case "delete":
                self._written[key] = None
                return {"existed": value is not None}
            case "incr":
                self._written[key] = (value or 0) + params["amount"]
                return {"value": self._written[key]}
        raise ResourceError(command, "keys do not expire over AMQP")

    def _reply(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        fields = self._fields
        if params["in_reply_to"] != fields.get("message_id"):
            raise ResourceError(command, f"Could not find original message with id: {params['in_reply_to']!r}")
        answer = {name: fields.get(name) for name in _KEPT}
        answer.update(
            to_addr=fields.get("from_addr"),
            from_addr=fields.get("to_addr"),
            content=params["content"],
            in_reply_to=params["in_reply_to"],
            session_event=None if params["continue_session"] else "close",
        )
        self._publish(answer)
        return {}

    def _publish(self, fields: Mapping[str, Any]) -> None:
        """A whole message, as Vumi's library makes it."""
        whole: dict[str, Any] = {
            "message_version": _VERSION,
            "message_type": "user_message",
            "message_id": uuid.uuid4().hex,
            "timestamp": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "transport_name": self._name,
            "transport_type": "sms",
            "transport_metadata": {},
            "helper_metadata": {},
            "routing_metadata": {},
            "in_reply_to": None,
            "session_event": None,
            "group": None,
            "provider": None,
            "to_addr_type": None,
            "from_addr_type": None,
        }
        self.published.append({**whole, **fields})
