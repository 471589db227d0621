"""A payload is one JSON object whose entry is the entry, whatever the texts hold."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from shipper.model import Caller
from shipper.payload import PayloadBuilder
from shipper.redact import Redacted
from tests.support.records import a_record

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(client=TEXTS, body=TEXTS, id_=TEXTS, label=TEXTS, email=TEXTS, comment=TEXTS)
def test_every_value_arrives_as_it_is(
    *, client: str, body: str, id_: str, label: str, email: str, comment: str
) -> None:
    """No text can break out of its place, and none is changed."""
    record = a_record(
        envelope={"client": client},
        given={"size": 1, "mimeType": "x", "text": body},
    )
    builder = PayloadBuilder(version="1", development_mode=True, comment=comment)

    entry = builder.build(record, Caller(id_, label, email), Redacted(record.entry))

    found = json.loads(entry.payload)
    log = found["request"]["log"]
    group = {"id": id_, "label": label, "email": email}
    assert found["clientIPAddress"] == client
    assert found["group"] == {
        key: value for key, value in group.items() if value or key == "id"
    }
    assert log["creator"]["comment"] == comment
    assert log["entries"] == [json.loads(record.entry)]
    assert log["entries"][0]["response"]["content"]["text"] == body
