"""Services as functions, with resources in memory."""

from datetime import timedelta

import pytest

from ngoma import Context, Event, Message, ResourceError, Service
from ngoma.testing import Sent, Tester


def answering(handler: object) -> Service:
    service = Service()
    service.on_message(handler)  # type: ignore[arg-type]
    return service


def test_a_message_is_answered() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.reply(f"You said: {message.text}", end=message.text == "bye")

    phone = Tester(answering(answer))
    assert phone.send(" hi ").text == "You said: hi"
    assert phone.send("bye").is_end


def test_a_step_may_answer_nothing() -> None:
    assert Tester(Service()).dial().text is None


def test_keys_are_kept_and_expire() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        count = await ctx.kv.increment("count", 2)
        last = await ctx.kv.get("last", "nothing")
        await ctx.kv.set("last", message.text, seconds=60)
        await ctx.reply(f"{count} {last} {await ctx.kv.delete('none')}")

    phone = Tester(answering(answer), kv={"count": 3})
    assert phone.send("a").text == "5 nothing False"
    assert phone.send("b").text == "7 a False"
    phone.wait(seconds=61)
    assert phone.send("c").text == "9 nothing False"
    assert phone.kv == {"count": 9, "last": "c"}


def test_a_step_that_raises_leaves_nothing_behind() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.kv.set("a", 1)
        await ctx.outbound.send_sms("+27", "x")
        raise LookupError("no")

    phone = Tester(answering(answer))
    with pytest.raises(LookupError):
        phone.dial()
    assert (phone.kv, phone.sent, phone.log) == ({}, [], [])


def test_resources_do_what_they_say() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.log.warning(await ctx.config.get("name"))
        await ctx.metrics.count("answers")
        await ctx.outbound.send("+27", "later", send_at=ctx.now() + timedelta(hours=1))
        response = await ctx.http.post("http://a.org/b?c=d", params={"q": "x y"}, json_body={"n": 1})
        contact, created = await ctx.contacts.get_or_create("+27")
        await ctx.contacts.update_extras(contact["key"], {"due": "soon"})
        group, _ = await ctx.groups.get_or_create_by_name("mothers")
        members = await ctx.groups.count_members(group["key"])
        await ctx.optout.opt_out("+28")
        await ctx.session.hand_over("nurses", reason="asks")
        await ctx.reply(f"{response.json()} {created} {members} {await ctx.optout.is_opted_out('+28')}")

    phone = Tester(answering(answer), config={"name": "clinic"})
    phone.answer_http("post", "http://a.org/", body='{"ok": true}')
    assert phone.dial().text == "{'ok': True} True 0 True"
    assert phone.log == [("warning", "clinic")]
    assert phone.metrics == [("answers", 1, "sum")]
    assert phone.sent == [Sent("+27", "later", "default", phone.sent[0].send_at)]
    assert (phone.calls[0].url, phone.calls[0].data) == ("http://a.org/b?c=d&q=x%20y", '{"n": 1}')
    assert phone.contacts["contact-1"]["extra"] == {"due": "soon"}
    assert (phone.opted_out, phone.handed_over_to) == ({"+28"}, "nurses")


def test_a_refusal_says_what_and_why() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        with pytest.raises(ResourceError, match="http.get: no test answers GET http://a.org/"):
            await ctx.http.get("http://a.org/")
        with pytest.raises(ResourceError, match="Contact not found"):
            await ctx.contacts.get("+27")
        with pytest.raises(ResourceError, match="not an integer"):
            await ctx.kv.increment("text")
        with pytest.raises(ValueError, match="time zone"):
            await ctx.outbound.send("+27", "x", send_at=ctx.now().replace(tzinfo=None))
        await ctx.reply("done")

    assert Tester(answering(answer), kv={"text": "a"}).dial().text == "done"


def test_a_test_may_answer_any_command() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.reply(str(await ctx.message_store.count_replies()))

    phone = Tester(answering(answer))
    phone.answer("message_store.count_replies", lambda params: {"count": 7})
    assert phone.dial().text == "7"


def test_events_reach_their_handler() -> None:
    service = Service()

    @service.on_event
    async def hear(event: Event, ctx: Context) -> None:
        with pytest.raises(ValueError, match="no message to answer"):
            await ctx.reply("x")
        await ctx.kv.set(event.user_message_id, event.event_type)

    phone = Tester(service)
    phone.event("ack", "m7")
    assert phone.kv == {"m7": "ack"}


def test_chance_is_the_same_again() -> None:
    async def answer(message: Message, ctx: Context) -> None:
        await ctx.reply(str(ctx.random.random()))

    one, other, third = (Tester(answering(answer), seed=seed).dial().text for seed in (1, 1, 2))
    assert one == other != third
