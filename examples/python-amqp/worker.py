"""A service as a worker on RabbitMQ, beside Vumi's: it asks for a name, and greets by it.

python worker.py amqp://guest:guest@127.0.0.1:5672/%2fvumi ngoma

The second word is the `transport_name`: of a service of kind `vumi_amqp` in Ngoma, or of a transport of Vumi.
"""

import logging
import sys

from ngoma import Dialogue, DialogueContext, amqp, end, text


def greeting(ctx: DialogueContext) -> str:
    return ctx.t("Hello {name}. You are on the bus.")


service = Dialogue(
    name="greeter",
    start="name",
    states={
        "name": text("What is your name?", next="greeted"),
        "greeted": end(greeting),
    },
)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("pika").setLevel(logging.WARNING)
    amqp.run(service, url=sys.argv[1], transport_name=sys.argv[2])
