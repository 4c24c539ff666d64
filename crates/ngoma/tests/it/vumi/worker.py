"""A worker as Vumi's and vumi2's are, on a RabbitMQ: a transport or an application that says what it does.

    worker.py transport|application vumi|vumi2 HOST PORT VHOST TRANSPORT_NAME

It declares and consumes its queues as they do, never asks for confirms, and acknowledges what it has handled. Each line
of standard output is what it took, as JSON. Each line of standard input is what it shall publish:

    {"queue": "inbound", "message": {...}}     a message; what is left out of it is filled in
    {"queue": "inbound", "body": "..."}        anything
    {"declare": "inbound"}                     nothing: it only sees to it that the queue is there, as its consumer does
"""

import json
import os
import select
import socket
import struct
import sys
import time
import uuid

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
PREFETCH = 20


def short_text(text):
    raw = text.encode()
    return struct.pack(">B", len(raw)) + raw


def long_text(raw):
    return struct.pack(">I", len(raw)) + raw


class Closed(Exception):
    """The broker has gone, or has closed the connection."""


class Connection:
    """One connection with one channel; as much of AMQP 0-9-1 as a worker needs."""

    def __init__(self, host, port, vhost):
        try:
            self.socket = socket.create_connection((host, port))
        except OSError as error:
            raise Closed(str(error))
        self.buffer = b""
        self.deliveries = []
        self.socket.sendall(b"AMQP\x00\x00\x09\x01")
        self.expect(0, 10, 10)
        login = long_text(b"") + short_text("PLAIN") + long_text(b"\0guest\0guest") + short_text("en_US")
        self.method(0, 10, 11, login)
        self.expect(0, 10, 30)
        self.method(0, 10, 31, struct.pack(">HIH", 16, 131072, 0))
        self.call(0, 10, 40, short_text(vhost) + short_text("") + b"\0")
        self.call(1, 20, 10, short_text(""))

    def send(self, kind, channel, payload):
        try:
            self.socket.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")
        except OSError as error:
            raise Closed(str(error))

    def method(self, channel, group, number, arguments):
        self.send(METHOD, channel, struct.pack(">HH", group, number) + arguments)

    def call(self, channel, group, number, arguments):
        """Says something and waits for its `ok`, whose number is the next."""
        self.method(channel, group, number, arguments)
        return self.expect(channel, group, number + 1)

    def expect(self, channel, group, number):
        while True:
            method = self.step()
            if method and method[:3] == (channel, group, number):
                return method[3]

    def read(self, length):
        while len(self.buffer) < length:
            try:
                more = self.socket.recv(65536)
            except OSError as error:
                raise Closed(str(error))
            if not more:
                raise Closed("the end of the connection")
            self.buffer += more
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken

    def frame(self):
        kind, channel, length = struct.unpack(">BHI", self.read(7))
        payload = self.read(length + 1)
        if payload[-1] != 0xCE:
            raise Closed("a frame without its end")
        return kind, channel, payload[:-1]

    def step(self):
        """Takes one frame, and with a delivery its content; gives a method that somebody may wait for."""
        kind, channel, payload = self.frame()
        if kind == HEARTBEAT:
            return None
        group, number = struct.unpack(">HH", payload[:4])
        if (group, number) in ((10, 50), (20, 40)):
            code = struct.unpack(">H", payload[4:6])[0]
            raise Closed("closed with %d: %r" % (code, payload[7 : 7 + payload[6]]))
        if (group, number) == (60, 60):
            self.deliver(payload[4:])
            return None
        return channel, group, number, payload[4:]

    def deliver(self, arguments):
        start = 1 + arguments[0]
        tag, again = struct.unpack(">QB", arguments[start : start + 9])
        exchange = start + 9
        key = exchange + 1 + arguments[exchange]
        queue = arguments[key + 1 : key + 1 + arguments[key]].decode()
        _, _, header = self.frame()
        length = struct.unpack(">Q", header[4:12])[0]
        body = b""
        while len(body) < length:
            body += self.frame()[2]
        self.deliveries.append((tag, bool(again), queue, body))

    def declare_queue(self, queue):
        """Exactly as they do: durable, no arguments, bound to the exchange by its name."""
        durable = struct.pack(">B", 2)
        exchange = struct.pack(">H", 0) + short_text("vumi")
        self.call(1, 40, 10, exchange + short_text("direct") + durable + long_text(b""))
        self.call(1, 50, 10, struct.pack(">H", 0) + short_text(queue) + durable + long_text(b""))
        names = short_text(queue) + short_text("vumi") + short_text(queue)
        self.call(1, 50, 20, struct.pack(">H", 0) + names + b"\0" + long_text(b""))

    def consume(self, queue):
        self.declare_queue(queue)
        self.call(1, 60, 10, struct.pack(">IHB", 0, PREFETCH, 0))
        arguments = struct.pack(">H", 0) + short_text(queue) + short_text("") + b"\0" + long_text(b"")
        self.call(1, 60, 20, arguments)

    def publish(self, queue, body, exchange="vumi"):
        self.method(1, 60, 40, struct.pack(">H", 0) + short_text(exchange) + short_text(queue) + b"\0")
        on_disk = struct.pack(">B", 2)
        self.send(HEADER, 1, struct.pack(">HHQH", 60, 0, len(body), 0x1000) + on_disk)
        for start in range(0, len(body), 65536):
            self.send(BODY, 1, body[start : start + 65536])

    def ack(self, tag):
        self.method(1, 60, 80, struct.pack(">QB", tag, 0))

    def nack(self, tag):
        """Without putting it back into the queue, as vumi2 does with what it cannot handle."""
        self.method(1, 60, 120, struct.pack(">QB", tag, 0))


def now():
    moment = time.time()
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)) + ".%06d" % (moment % 1 * 1000000)


def filled(message, transport_name, kind="user_message"):
    """A whole message, where some fields are given."""
    whole = {"message_version": "20110921", "message_type": kind, "timestamp": now(), "routing_metadata": {}}
    whole.update({"helper_metadata": {}, "transport_metadata": {}, "transport_name": transport_name})
    if kind == "event":
        whole["event_id"] = uuid.uuid4().hex
    else:
        whole.update({"message_id": uuid.uuid4().hex, "transport_type": "sms", "from_addr": None, "to_addr": None})
        whole.update({"in_reply_to": None, "session_event": None, "content": None, "group": None, "provider": None})
        whole.update({"from_addr_type": "msisdn", "to_addr_type": None})
    whole.update(message)
    return whole


class Worker:
    """What both roles share; a role says what it consumes and what it does with it."""

    consumes = ()

    def __init__(self, style, name):
        self.style, self.name = style, name
        self.orders = []

    def queue(self, ending):
        return "%s.%s" % (self.name, ending)

    def start(self, connection):
        self.connection = connection
        for ending in self.consumes:
            connection.consume(self.queue(ending))
        say({"ready": self.name})

    def publish(self, ending, message, kind="user_message"):
        message = filled(message, self.name, kind)
        self.connection.publish(self.queue(ending), json.dumps(message).encode())
        say({"published": ending, "message": message})

    def obey(self, order):
        if "declare" in order:
            self.connection.declare_queue(self.queue(order["declare"]))
        elif "message" in order:
            self.publish(order["queue"], order["message"])
        else:
            self.connection.publish(self.queue(order["queue"]), order["body"].encode())
            say({"published": order["queue"]})

    def take(self, tag, again, queue, body):
        ending = queue.rsplit(".", 1)[1]
        try:
            message = json.loads(body)
            if message["message_version"] != "20110921":
                raise ValueError("the version")
            self.handle(ending, message)
        except (ValueError, KeyError) as error:
            say({"broken": ending, "error": str(error)})
            self.connection.nack(tag)
            return
        say({"took": ending, "message": message, "again": again})
        self.connection.ack(tag)

    def handle(self, ending, message):
        raise NotImplementedError


class Application(Worker):
    """Answers what people say with their own words."""

    consumes = ("inbound", "event")

    def handle(self, ending, message):
        if ending == "event" or message["session_event"] == "close":
            return
        content = message["content"] or ""
        if content.startswith("silent"):
            return
        reply = {"content": "You said: " + content, "in_reply_to": message["message_id"]}
        reply.update({"to_addr": message["from_addr"], "from_addr": message["to_addr"]})
        for field in ("transport_name", "transport_type", "transport_metadata", "group", "provider"):
            reply[field] = message[field]
        if self.style == "vumi":
            reply["helper_metadata"] = message["helper_metadata"]
        else:
            reply["session_event"] = "resume"
        if content == "end":
            reply["session_event"] = "close"
        self.publish("outbound", reply)


class Transport(Worker):
    """Says of every message that it was sent and has arrived; of one that begins with `refuse`, that it was not."""

    consumes = ("outbound",)

    def handle(self, ending, message):
        about = {"user_message_id": message["message_id"]}
        content = message["content"] or ""
        if content.startswith("hold"):
            return
        if content.startswith("refuse"):
            self.publish("event", dict(about, event_type="nack", nack_reason="asked to"), "event")
            return
        sent = "sent-" + message["message_id"]
        self.publish("event", dict(about, event_type="ack", sent_message_id=sent), "event")
        report = dict(about, event_type="delivery_report", delivery_status="delivered")
        self.publish("event", report, "event")


def say(line):
    print(json.dumps(line), flush=True)


class Orders:
    """Standard input, line by line, without waiting."""

    def __init__(self):
        self.text = b""

    def read(self):
        more = os.read(0, 1 << 20)
        if not more:
            sys.exit(0)
        self.text += more
        lines = self.text.split(b"\n")
        self.text = lines.pop()
        return [json.loads(line) for line in lines]


def serve(worker, orders, place):
    connection = Connection(*place)
    worker.start(connection)
    while True:
        while connection.deliveries:
            worker.take(*connection.deliveries.pop(0))
        while worker.orders:
            worker.obey(worker.orders[0])
            worker.orders.pop(0)
        ready = [connection.socket]
        if not connection.buffer:
            ready, _, _ = select.select([connection.socket, 0], [], [])
        if 0 in ready:
            worker.orders.extend(orders.read())
        if connection.socket in ready:
            connection.step()


def main():
    role, style, host, port, vhost, name = sys.argv[1:]
    worker = {"application": Application, "transport": Transport}[role](style, name)
    orders = Orders()
    while True:
        try:
            serve(worker, orders, (host, int(port), vhost))
        except Closed as error:
            say({"closed": str(error)})
            time.sleep(0.2)


main()
