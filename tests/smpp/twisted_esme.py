"""An ESME of PyPI's `smpp.twisted3`, Jasmin's library: twisted_esme.py PORT MODE [AUTHORITY].

Where a PEM file is named it binds within TLS; the library checks no certificate, and has no setting for whom to believe.
It binds, says what it is answered and what is delivered to it as JSON, a line each, and does what it is told on standard
input: {"send": {"text", "coding", "long"}} submits a text, whole or in its parts; {"unbind": true} ends it.
"""

import json
import logging
import sys

import messaging.sms.gsm0338  # noqa: F401 registers the codec that Jasmin uses: the library has none
from smpp.pdu import constants, operations
from smpp.pdu.error import SMPPTransactionError
from smpp.pdu.pdu_types import (
    CommandStatus,
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
    RegisteredDelivery,
    RegisteredDeliveryReceipt,
)
from smpp.twisted.client import SMPPClientReceiver, SMPPClientTransceiver, SMPPClientTransmitter
from smpp.twisted.config import SMPPClientConfig
from twisted.internet import reactor, stdio
from twisted.protocols.basic import LineReceiver

CODECS = {"SMSC_DEFAULT_ALPHABET": "gsm0338", "IA5_ASCII": "ascii", "LATIN_1": "latin-1", "UCS2": "utf-16-be"}
# How many characters of them a part holds.
PART = {"SMSC_DEFAULT_ALPHABET": 153, "IA5_ASCII": 134, "LATIN_1": 134, "UCS2": 67}
RECEIPT = RegisteredDelivery(RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED)
UDHI = EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT, [EsmClassGsmFeatures.UDHI_INDICATOR_SET])


def say(**what):
    print(json.dumps(what), flush=True)


def delivered(smpp, pdu):
    params = pdu.params
    text = params["short_message"].decode(CODECS[params["data_coding"].schemeData.name])
    state = params.get("message_state")
    say(
        deliver=text,
        esm_class=constants.esm_class_type_name_map[params["esm_class"].type.name],
        receipted=params["receipted_message_id"].decode() if "receipted_message_id" in params else None,
        state=state and constants.message_state_name_map[state.name],
        error=list(params["network_error_code"]) if "network_error_code" in params else None,
    )
    return CommandStatus.ESME_ROK


def submissions(text, coding, long=None):
    name = constants.data_coding_default_value_map[coding]
    whole = {"data_coding": DataCoding(schemeData=DataCodingDefault[name]), "registered_delivery": RECEIPT}
    if not long:
        yield {**whole, "short_message": text.encode(CODECS[name])}
        return
    if long == "payload":
        yield {**whole, "short_message": b"", "message_payload": text.encode(CODECS[name])}
        return
    pieces = [text[at : at + PART[name]].encode(CODECS[name]) for at in range(0, len(text), PART[name])]
    for number, piece in enumerate(pieces, 1):
        if long == "sar":
            sar = {"sar_msg_ref_num": 7, "sar_total_segments": len(pieces), "sar_segment_seqnum": number}
            yield {**whole, **sar, "short_message": piece}
        else:
            header = bytes([5, 0, 3, 7, len(pieces), number])
            yield {**whole, "esm_class": UDHI, "short_message": header + piece}


def status(failure):
    """What the server answered; anything else ends the process, and the test sees it."""
    failure.trap(SMPPTransactionError)
    return constants.command_status_name_map[failure.value.response.status.name]


def submit(fields):
    # It holds a payload to the length of the last parameter it has read, here that of the bind's answer.
    esme.smpp.encoder.optionEncoder.length = None
    pdu = operations.SubmitSM(source_addr=b"31022", destination_addr=b"27831234567", **fields)
    sent = esme.smpp.sendDataRequest(pdu)
    sent.addCallback(lambda result: say(submitted=0, id=result.response.params["message_id"].decode()))
    sent.addErrback(lambda failure: say(submitted=status(failure), id=""))


class Bound:
    def bound(self, result):
        say(bound=0, smsc=result.response.params["system_id"].decode())
        result.smpp.getDisconnectedDeferred().addCallback(lambda _: over())
        super().bound(result)


class Transmitter(Bound, SMPPClientTransmitter):
    pass


class Receiver(Bound, SMPPClientReceiver):
    pass


class Transceiver(Bound, SMPPClientTransceiver):
    pass


class Orders(LineReceiver):
    delimiter = b"\n"
    asked = False

    def lineReceived(self, line):
        command = json.loads(line)
        if "send" in command:
            for fields in submissions(**command["send"]):
                submit(fields)
        else:
            self.asked = True
            esme.smpp.unbindAndDisconnect()


def over():
    say(**({"unbound": 0} if orders.asked else {"unbound_by_peer": True}))
    reactor.stop()


logging.disable(logging.WARNING)
port, mode, *authority = sys.argv[1:]
tls = {"useSSL": True} if authority else {}
config = SMPPClientConfig(host="127.0.0.1", port=int(port), username="twisted", password="secret", **tls)
esme = {
    "bind_transmitter": lambda: Transmitter(config),
    "bind_receiver": lambda: Receiver(config, delivered),
    "bind_transceiver": lambda: Transceiver(config, delivered),
}[mode]()
orders = Orders()
stdio.StandardIO(orders)
esme.connectAndBind()
reactor.run()
