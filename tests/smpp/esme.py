"""An ESME of PyPI's `smpplib`: esme.py PORT MODE.

It binds, submits what comes on standard input, {"submit": "text"}, in as many parts as the library cuts it into, and says
what it is answered and what is delivered to it; {"unbind": true} ends it.
"""

import json
import select
import sys

import smpplib.client
import smpplib.consts
import smpplib.gsm


def say(**what):
    print(json.dumps(what), flush=True)


def delivered(pdu):
    say(deliver=pdu.short_message.decode("latin-1"), esm_class=pdu.esm_class)


def submit(client, text):
    parts, encoding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL,
            source_addr="31022",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            destination_addr="27831234567",
            short_message=part,
            data_coding=encoding,
            esm_class=esm_class,
            registered_delivery=True,
        )


def main():
    port, mode = sys.argv[1:]
    client = smpplib.client.Client("127.0.0.1", int(port), allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: say(submitted=pdu.status, id=pdu.message_id.decode()))
    client.set_message_received_handler(delivered)
    client.set_error_pdu_handler(lambda pdu: say(submitted=pdu.status, id=""))
    client.connect()
    bound = getattr(client, mode)(system_id="python", password="secret")
    say(bound=bound.status, smsc=bound.system_id.decode())
    while True:
        ready, _, _ = select.select([sys.stdin, client._socket], [], [])
        if client._socket in ready:
            client.read_once()
        if sys.stdin in ready:
            command = json.loads(sys.stdin.readline())
            if "submit" in command:
                submit(client, command["submit"])
            else:
                client.unbind()
                client.disconnect()
                say(unbound=0)
                return


main()
