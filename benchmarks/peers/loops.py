"""Bare loops to be measured beside: `loops.py raw|lean|decode LOG URL`.

`raw` reads lines and posts their bytes in batches of 200: no shipper in Python can
take less. `lean` also decodes each record into typed values, searches it once for all
names and signs of secrets, and splices its entry into a payload: one that does these
takes hardly less with the same libraries. `decode` decodes and encodes each line with
the standard library and posts with requests, as a first script would. None of them
keeps a position, follows a rotation, knows a card number or hides a value, or tries
again.
"""

from __future__ import annotations

import base64
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from itertools import islice

BATCH_LINES = 200


def batches(log: str) -> Iterator[list[bytes]]:
    with open(log, "rb") as file:
        while batch := list(islice(file, BATCH_LINES)):
            yield batch


def raw(url: str) -> Callable[[list[bytes]], None]:
    import http.client

    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(b"rdme_measured:").decode(),
    }

    def send(batch: list[bytes]) -> None:
        connection.request("POST", parts.path, b"[" + b",".join(batch) + b"]", headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202

    return send


def lean(url: str) -> Callable[[list[bytes]], None]:
    import msgspec

    from benchmarks.peers.contenders import ABSENT_NAMES
    from shipper.har import HarEntry
    from shipper.needles import Needles
    from shipper.tokens import TOKENS

    class Envelope(msgspec.Struct, gc=False):
        id: str
        caller: dict[str, str]

    envelopes = msgspec.json.Decoder(Envelope)
    entries = msgspec.json.Decoder(HarEntry)
    signs = (sign for kind in TOKENS for sign in kind.signs)
    needles = Needles([word.encode() for word in (*ABSENT_NAMES, *signs)])
    member = b',"entry":'
    send = raw(url)

    def payload(line: bytes) -> bytes:
        cut = line.index(member)
        envelope = envelopes.decode(line[:cut] + b"}")
        entry = line[cut + len(member) : -2]
        entries.decode(entry)
        needles.occur_in(entry)
        head = f'{{"_id":"{envelope.id}","group":"{envelope.caller["id"]}","request":'
        return b"%b%b}" % (head.encode(), entry)

    return lambda batch: send(list(map(payload, batch)))


def decode(url: str) -> Callable[[list[bytes]], None]:
    import json

    import requests

    session = requests.Session()

    def send(batch: list[bytes]) -> None:
        records = [json.loads(line) for line in batch]
        session.post(url, json=records, auth=("rdme_measured", "")).raise_for_status()

    return send


if __name__ == "__main__":
    way, log, url = sys.argv[1:]
    post = {"raw": raw, "lean": lean, "decode": decode}[way](url)
    for some in batches(log):
        post(some)
