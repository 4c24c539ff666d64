"""What Python's libraries make of texts and of octets: PyPI's `gsm0338`, `smpplib`, and `python-messaging`, which has the
table that Jasmin writes and reads by; Jasmin's own source has none.

It answers a line for each line on standard input, both JSON, octets as hexadecimal digits:
{"encode": ["text", ...], "by": "gsm0338"} and {"decode": ["00", ...], "by": ...}, with null for what is refused;
{"parts": ["text", ...]} what smpplib cuts a text into: its data_coding, its esm_class and the parts.
"""

import json
import sys

import gsm0338
import messaging.sms.gsm0338  # noqa: F401 registers the codec
import smpplib.consts
import smpplib.gsm

GSM = gsm0338.Codec()
LATIN1, UCS2 = smpplib.consts.SMPP_ENCODING_ISO88591, smpplib.consts.SMPP_ENCODING_ISO10646
ENCODE = {
    "gsm0338": lambda text: GSM.encode(text)[0],
    "jasmin": lambda text: text.encode("gsm0338"),
    "smpplib": smpplib.gsm.gsm_encode,
    "latin1": smpplib.gsm.ENCODINGS[LATIN1][0],
    "ucs2": smpplib.gsm.ENCODINGS[UCS2][0],
}
DECODE = {
    "gsm0338": lambda octets: GSM.decode(octets)[0],
    "jasmin": lambda octets: octets.decode("gsm0338"),
    "latin1": lambda octets: octets.decode("latin-1"),
    "ucs2": lambda octets: octets.decode("utf-16-be"),
}


def attempt(work, given):
    """What it makes of that; nothing when it refuses, in whatever words."""
    try:
        return work(given)
    except Exception:
        return None


def encoded(texts, by):
    return [attempt(lambda each: ENCODE[by](each).hex(), text) for text in texts]


def decoded(octets, by):
    return [attempt(DECODE[by], bytes.fromhex(each)) for each in octets]


def parts(texts, _):
    cuts = map(smpplib.gsm.make_parts, texts)
    return [{"parts": [part.hex() for part in cut], "coding": coding, "esm_class": kind} for cut, coding, kind in cuts]


ANSWERS = {"encode": encoded, "decode": decoded, "parts": parts}
for line in sys.stdin:
    given = json.loads(line)
    by = given.pop("by", None)
    ((order, each),) = given.items()
    print(json.dumps({order: ANSWERS[order](each, by)}), flush=True)
