"""A service as a worker on the bus, without a broker."""

import sys
from types import ModuleType
from typing import Any

import pytest

from ngoma import Context, Event, Message, Service

INBOUND = {
    "message_id": "m1",
    "from_addr": "+27831234567",
    "to_addr": "31022",
    "content": "hi",
    "session_event": "resume",
    "transport_name": "their",
    "transport_type": "ussd",
    "transport_metadata": {"a": 1},
    "helper_metadata": {"b": 2},
}


@pytest.fixture
def amqp(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module; its broker client need not be installed."""
    monkeypatch.setitem(sys.modules, "pika", ModuleType("pika"))
    from ngoma import amqp

    return amqp


def test_an_answer_carries_what_the_bus_needs(amqp: Any) -> None:
    service = Service()

    @service.on_message
    async def answer(message: Message, ctx: Context) -> None:
        count = await ctx.kv.increment("count")
        await ctx.reply(f"{message.text} {count} {await ctx.config.get('name')}", end=True)
        await ctx.outbound.send_sms("+27", "later")

    kv = {"count": 1}
    replied, sent = amqp.Worker(service, "their", config={"name": "n"}, kv=kv).handle("inbound", INBOUND)
    expected = {
        "content": "hi 2 n",
        "to_addr": "+27831234567",
        "from_addr": "31022",
        "in_reply_to": "m1",
        "session_event": "close",
        "transport_type": "ussd",
        "transport_metadata": {"a": 1},
        "helper_metadata": {"b": 2},
        "message_version": "20110921",
        "message_type": "user_message",
    }
    assert expected.items() <= replied.items()
    assert (sent["to_addr"], sent["content"], sent["routing_metadata"]) == ("+27", "later", {"endpoint_name": "sms"})
    assert kv == {"count": 2}


def test_a_step_that_raises_leaves_nothing_behind(amqp: Any) -> None:
    service = Service()

    @service.on_message
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.kv.set("a", 1)
        await ctx.http.get("http://example.org")

    kv: dict[str, Any] = {}
    with pytest.raises(Exception, match="http.get: there is no such resource over AMQP"):
        amqp.Worker(service, "their", kv=kv).handle("inbound", INBOUND)
    assert kv == {}


def test_events_are_heard(amqp: Any) -> None:
    service = Service()

    @service.on_event
    async def hear(event: Event, ctx: Context) -> None:
        await ctx.kv.set(event.user_message_id, event.event_type)

    kv: dict[str, Any] = {}
    assert amqp.Worker(service, "their", kv=kv).handle("event", {"event_type": "ack", "user_message_id": "m2"}) == []
    assert kv == {"m2": "ack"}
