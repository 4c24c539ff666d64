"""An SMSC of PyPI's `smpp.twisted3`: smsc.py.

It says what comes as JSON, a line each, and does what it is told on standard input: {"deliver": {...}} sends a deliver_sm to
whoever is bound to receive.
"""

import json

from smpp.pdu import operations, pdu_types
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import IAuthenticatedSMPP, SMPPServerFactory
from twisted.cred import checkers, portal
from twisted.internet import reactor, stdio
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

count = 0


def say(**what):
    print(json.dumps(what), flush=True)


def take(system_id, smpp, pdu):
    global count
    count += 1
    say(
        submit={
            "octets": list(pdu.params["short_message"]),
            "to": pdu.params["destination_addr"].decode(),
            "from": pdu.params["source_addr"].decode(),
            "data_coding": str(pdu.params["data_coding"].schemeData),
        }
    )
    return DataHandlerResponse(pdu_types.CommandStatus.ESME_ROK, message_id=b"t%d" % count)


@implementer(portal.IRealm)
class Realm:
    def requestAvatar(self, avatar, mind, *interfaces):
        return IAuthenticatedSMPP, avatar, lambda: None


class Orders(LineReceiver):
    delimiter = b"\n"

    def lineReceived(self, line):
        deliver = json.loads(line)["deliver"]
        pdu = operations.DeliverSM(
            source_addr=deliver["from"].encode(),
            destination_addr=deliver["to"].encode(),
            short_message=deliver["text"].encode("ascii"),
        )
        bound = factory.getBoundConnections("clinic").getNextBindingForDelivery()
        bound.sendDataRequest(pdu).addCallback(lambda answer: say(delivered=str(answer.response.status)))


checker = checkers.InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser("clinic", "secret")
config = SMPPServerConfig(msgHandler=take, systems={"clinic": {"max_bindings": 2}})
factory = SMPPServerFactory(config, portal.Portal(Realm(), [checker]))
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
stdio.StandardIO(Orders())
say(port=port.getHost().port)
reactor.run()
