"""An SMSC of PyPI's `smpp.twisted3`, Jasmin's library: smsc.py [CHAIN KEY], within TLS where these PEM files are named.

It says what comes as JSON, a line each, and does what it is told on standard input: {"bring": {...}} sends a deliver_sm to
whoever is bound to receive, {"unbind": true} unbinds all sessions.
"""

import json
import logging
import sys

import messaging.sms.gsm0338  # noqa: F401 registers the codec that Jasmin uses: the library has none
from smpp.pdu import constants, operations
from smpp.pdu.pdu_types import (
    CommandStatus,
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
    MessageState,
)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import IAuthenticatedSMPP, SMPPServerFactory
from twisted.cred import checkers, portal
from twisted.internet import reactor, ssl, stdio
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

CODECS = {0: "gsm0338", 1: "ascii", 3: "latin-1", 8: "utf-16-be"}
RECEIPT = EsmClass(EsmClassMode.DEFAULT, EsmClassType.SMSC_DELIVERY_RECEIPT)
count = 0


def say(**what):
    print(json.dumps(what), flush=True)


def take(system_id, smpp, pdu):
    global count
    count += 1
    params = pdu.params
    coding = constants.data_coding_default_name_map[params["data_coding"].schemeData.name]
    octets = params.get("message_payload") or params["short_message"]
    has_header = EsmClassGsmFeatures.UDHI_INDICATOR_SET in params["esm_class"].gsmFeatures
    header = octets[: octets[0] + 1] if has_header else b""
    sar = [params.get(name) for name in ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")]
    said = {
        "text": octets[len(header) :].decode(CODECS[coding]),
        "header": list(header),
        "sar": None if sar[0] is None else sar,
        "is_payload": "message_payload" in params,
        "data_coding": coding,
        "to": params["destination_addr"].decode(),
        "from": params["source_addr"].decode(),
    }
    say(submit=said)
    return DataHandlerResponse(CommandStatus.ESME_ROK, message_id=b"t%d" % count)


class Factory(SMPPServerFactory):
    def addBoundConnection(self, connection):
        super().addBoundConnection(connection)
        say(bind=connection.bind_type.name)


@implementer(portal.IRealm)
class Realm:
    def requestAvatar(self, avatar, mind, *interfaces):
        return IAuthenticatedSMPP, avatar, lambda: None


class Orders(LineReceiver):
    delimiter = b"\n"

    def lineReceived(self, line):
        command = json.loads(line)
        if "unbind" in command:
            factory.unbindGateway("clinic").addCallback(lambda _: say(unbound=0))
        else:
            bring(**command["bring"])


def bring(text, coding=0, receipted=None, state=None, **addresses):
    name = constants.data_coding_default_value_map[coding]
    fields = {"data_coding": DataCoding(schemeData=DataCodingDefault[name]), "short_message": text.encode(CODECS[coding])}
    if state:
        fields.update(esm_class=RECEIPT, receipted_message_id=receipted.encode(), message_state=MessageState[state])
    pdu = operations.DeliverSM(source_addr=addresses["from"].encode(), destination_addr=addresses["to"].encode(), **fields)
    bound = factory.getBoundConnections("clinic").getNextBindingForDelivery()
    bound.sendDataRequest(pdu).addCallback(lambda answer: say(delivered=str(answer.response.status)))


logging.disable(logging.WARNING)
checker = checkers.InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser("clinic", "secret")
config = SMPPServerConfig(msgHandler=take, systems={"clinic": {"max_bindings": 2}})
factory = Factory(config, portal.Portal(Realm(), [checker]))
if sys.argv[1:]:
    chain, key = sys.argv[1:]
    context = ssl.DefaultOpenSSLContextFactory(key, chain)
    port = reactor.listenSSL(0, factory, context, interface="127.0.0.1")
else:
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
stdio.StandardIO(Orders())
say(port=port.getHost().port)
reactor.run()
