"""The engine's resources, in memory."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ngoma.errors import ResourceError


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to somebody."""

    to: str
    text: str
    endpoint: str
    #: When it goes, if not at once, as the engine is told.
    send_at: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the outside."""

    method: str
    url: str
    data: str | None
    headers: Mapping[str, list[str]]


@dataclass(slots=True)
class World:
    """All that steps leave behind."""

    config: dict[str, Any] = field(default_factory=dict)
    #: The value, and until when it is kept.
    kv: dict[str, tuple[Any, datetime | None]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    metrics: list[tuple[str, float, str]] = field(default_factory=list)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    handed_over_to: str | None = None
    http: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    scripted: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = field(default_factory=dict)

    def copy(self) -> World:
        """A world that can change without this one."""
        # The functions of a test are its own, with all they hold.
        return copy.deepcopy(self, {id(self.scripted): self.scripted})


class Resources:
    """The surroundings of one step."""

    def __init__(self, world: World, now: datetime, numbers: random.Random, message_id: str | None) -> None:
        self._world = world
        self._now = now
        self._random = numbers
        self._message_id = message_id
        #: The answers to the message: text, and whether the session goes on.
        self.replies: list[tuple[str | None, bool]] = []

    def now(self) -> datetime:
        """The step's time."""
        return self._now

    def random(self) -> random.Random:
        """The step's random numbers."""
        return self._random

    async def request(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answers a command."""
        if command in self._world.scripted:
            return dict(self._world.scripted[command](params))
        resource, _, name = command.partition(".")
        answer = getattr(self, f"_{resource}", None)
        if answer is None:
            raise ResourceError(command, "tests do not have this resource: answer it with Tester.answer")
        # What is asked and answered crosses a process in the engine: nothing is kept in common.
        params = json.loads(json.dumps(dict(params)))
        reply = answer(command, name, params)
        assert isinstance(reply, dict)
        return copy.deepcopy(reply)

    def _kv(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        key = params["key"]
        value, until = self._world.kv.get(key, (None, None))
        if until is not None and until <= self._now:
            value = None
        match name:
            case "get":
                return {"value": value}
            case "set":
                seconds = params.get("seconds")
                self._world.kv[key] = (params["value"], None if seconds is None else self._now + timedelta(seconds=seconds))
                return {}
            case "delete":
                self._world.kv.pop(key, None)
                return {"existed": value is not None}
            case "incr" if value is None or isinstance(value, int):
                self._world.kv[key] = ((value or 0) + params["amount"], until)
                return {"value": self._world.kv[key][0]}
            case "incr":
                raise ResourceError(command, "value is not an integer or out of range")
        raise _unknown(command)

    def _config(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"value": self._world.config.get(params["key"])}

    def _log(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._world.log.append((name, str(params["msg"])))
        return {}

    def _outbound(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        match name:
            case "reply_to" | "reply_to_group":
                if params["in_reply_to"] != self._message_id:
                    raise ResourceError(command, f"Could not find original message with id: {params['in_reply_to']!r}")
                self.replies.append((params["content"], params["continue_session"]))
            case "send_to" | "send_to_endpoint":
                sent = Sent(params["to_addr"], params["content"], params["endpoint"], params.get("send_at"))
                self._world.sent.append(sent)
            case _:
                raise _unknown(command)
        return {}

    def _metrics(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._world.metrics.append((params["metric"], params["value"], params["agg"]))
        return {}

    def _http(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        url = params["url"]
        self._world.calls.append(Call(name, url, params.get("data"), params.get("headers") or {}))
        for method, begin, answer in self._world.http:
            if method == name and url.startswith(begin):
                return answer
        raise ResourceError(command, f"no test answers {name.upper()} {url}: use Tester.answer_http")

    def _optout(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        address = params.get("address_value")
        match name:
            case "count":
                return {"count": len(self._world.opted_out)}
            case "optout":
                self._world.opted_out.add(str(address))
            case "cancel_optout":
                self._world.opted_out.discard(str(address))
            case "status":
                pass
            case _:
                raise _unknown(command)
        return {"opted_out": address in self._world.opted_out, "created_at": None, "message_id": None}

    def _session(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._world.handed_over_to = params["to"] if name == "hand_over" else None
        return {}

    def _contacts(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        contacts = self._world.contacts
        match name:
            case "get" | "get_or_create":
                address = params["addr"]
                found = next((contact for contact in contacts.values() if contact.get("msisdn") == address), None)
                if found is not None:
                    return {"contact": found, "created": False}
                if name == "get":
                    raise ResourceError(command, "Contact not found")
                return {"contact": self._new_contact({"msisdn": address}), "created": True}
            case "new":
                return {"contact": self._new_contact(params["contact"])}
            case "save":
                contacts[params["contact"]["key"]] = params["contact"]
                return {"contact": params["contact"]}
        contact = contacts.get(str(params.get("key")))
        if contact is None:
            raise ResourceError(command, "Contact not found")
        match name:
            case "update":
                contact.update(params["fields"])
            case "update_extras":
                contact["extra"].update(params["fields"])
            case "update_subscriptions":
                contact["subscription"].update(params["fields"])
            case "get_by_key":
                pass
            case _:
                raise _unknown(command)
        return {"contact": contact}

    def _new_contact(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        key = f"contact-{len(self._world.contacts) + 1}"
        contact = {"extra": {}, "subscription": {}, "groups": [], **fields, "key": key}
        self._world.contacts[key] = contact
        return contact

    def _groups(self, command: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        groups = self._world.groups
        match name:
            case "list":
                return {"groups": list(groups.values())}
            case "get_or_create_by_name" | "get_by_name":
                found = next((group for group in groups.values() if group["name"] == params["name"]), None)
                if found is not None:
                    return {"group": found, "created": False}
                if name == "get_by_name":
                    raise ResourceError(command, "Group not found")
                key = f"group-{len(groups) + 1}"
                groups[key] = {"key": key, "name": params["name"], "query": None}
                return {"group": groups[key], "created": True}
        group = groups.get(str(params.get("key")))
        if group is None:
            raise ResourceError(command, "Group not found")
        match name:
            case "get":
                return {"group": group}
            case "count_members":
                members = [contact for contact in self._world.contacts.values() if group["key"] in contact["groups"]]
                return {"group": group, "count": len(members)}
        raise _unknown(command)


def _unknown(command: str) -> ResourceError:
    return ResourceError(command, "tests do not have this command: answer it with Tester.answer")
