"""The two loops a person would write first: `loops.py raw|decode LOG URL`.

`raw` reads lines and posts their bytes in batches of 200: no shipper in Python can
take less. `decode` decodes and encodes each line with the standard library and posts
with requests. Neither keeps a position, follows a rotation, or tries again.
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
    post = {"raw": raw, "decode": decode}[way](url)
    for some in batches(log):
        post(some)
