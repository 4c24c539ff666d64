"""An ESME of PyPI's `smpplib`: esme.py PORT MODE [AUTHORITY], within TLS where that PEM file is named.

It binds, says what it is answered and what is delivered to it as JSON, a line each, and does what it is told on standard
input: {"send": {"text", "coding", "long"}} submits a text, whole or in as many parts as the library cuts it into;
{"unbind": true} ends it.
"""

import json
import select
import ssl
import sys

import messaging.sms.gsm0338  # noqa: F401 registers the codec: smpplib cannot read GSM texts
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp

READ = {0: "gsm0338", 1: "ascii", 3: "latin-1", 8: "utf-16-be"}


def say(**what):
    print(json.dumps(what), flush=True)


class Esme(smpplib.client.Client):
    unbound = False

    def read_pdu(self):
        pdu = super().read_pdu()
        if pdu.command == "unbind":
            # The library leaves the answer to whoever uses it.
            answer = smpplib.smpp.make_pdu("unbind_resp", client=self)
            answer.sequence = pdu.sequence
            self.send_pdu(answer)
            self.unbound = True
        return pdu


def delivered(pdu):
    receipted = pdu.receipted_message_id and pdu.receipted_message_id.decode()
    text = pdu.short_message.decode(READ[pdu.data_coding])
    error = pdu.network_error_code and list(pdu.network_error_code)
    say(deliver=text, esm_class=pdu.esm_class, receipted=receipted, state=pdu.message_state, error=error)


def submissions(text, coding, long=None):
    if long == "payload":
        yield {"data_coding": coding, "message_payload": smpplib.gsm.ENCODINGS[coding][0](text)}
        return
    if coding == smpplib.consts.SMPP_ENCODING_IA5:
        # It cuts no such texts.
        yield {"data_coding": coding, "short_message": text.encode("ascii")}
        return
    parts, encoding, esm_class = smpplib.gsm.make_parts(text, coding, use_udhi=long != "sar")
    for number, part in enumerate(parts, 1):
        sar = {"sar_msg_ref_num": 7, "sar_total_segments": len(parts), "sar_segment_seqnum": number}
        fields = {"data_coding": encoding, "esm_class": esm_class, "short_message": part}
        yield {**fields, **sar} if long == "sar" else fields


def submit(client, fields):
    addresses = {"source_addr": "31022", "destination_addr": "27831234567"}
    try:
        client.send_message(source_addr_ton=1, dest_addr_ton=1, registered_delivery=True, **addresses, **fields)
    except smpplib.exceptions.PDUError:
        # It knows what its bind is for, and sends nothing.
        say(submitted=smpplib.consts.SMPP_ESME_RINVBNDSTS, id="")


def obey(client, command):
    if "send" in command:
        for fields in submissions(**command["send"]):
            submit(client, fields)
        return True
    client.unbind()
    say(unbound=0)
    return False


def main():
    port, mode, *authority = sys.argv[1:]
    tls = ssl.create_default_context(cafile=authority[0]) if authority else None
    if tls:
        # The library gives it no name to check.
        tls.check_hostname = False
    client = Esme("127.0.0.1", int(port), allow_unknown_opt_params=True, ssl_context=tls)
    client.set_message_sent_handler(lambda pdu: say(submitted=pdu.status, id=(pdu.message_id or b"").decode()))
    client.set_message_received_handler(delivered)
    client.set_error_pdu_handler(lambda pdu: None)
    client.connect()
    bound = getattr(client, mode)(system_id="python", password="secret")
    say(bound=bound.status, smsc=bound.system_id.decode())
    goes_on = True
    while goes_on:
        # More than one PDU may have come in a record of TLS: they wait in no socket.
        waiting = tls and client._socket.pending()
        ready, _, _ = select.select([sys.stdin, client._socket], [], [], 0 if waiting else None)
        if waiting or client._socket in ready:
            client.read_once()
            if client.unbound:
                say(unbound_by_peer=True)
                goes_on = False
        if goes_on and sys.stdin in ready:
            goes_on = obey(client, json.loads(sys.stdin.readline()))
    client.disconnect()


main()
