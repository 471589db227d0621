"""Listed elements and attributes of XML, and what cannot be decided about."""

from __future__ import annotations

import pytest

from shipper.lists import Lists
from shipper.redact import Redactor
from shipper.xmltext import looks_like_xml, scrub_xml
from tests.support.records import a_record, redacted, text_content, withheld

NAMES = ("password", "user.pin", "items.*.id")
MARK = Lists(NAMES)
REMOVE = Lists(NAMES, removes=True)


@pytest.mark.parametrize(
    ("text", "marked", "removed"),
    [
        (
            "<a><password>abc</password><b>1</b></a>",
            "<a><password>[REDACTED 3]</password><b>1</b></a>",
            "<a><b>1</b></a>",
        ),
        (
            "<a><PassWord>a<i>b</i></PassWord></a>",
            "<a><PassWord>[REDACTED]</PassWord></a>",
            "<a></a>",
        ),
        (
            '<a><x:password xmlns:x="urn:x" k="abc">y</x:password></a>',
            '<a><x:password xmlns:x="urn:x" k="[REDACTED 3]">[REDACTED 1]'
            "</x:password></a>",
            "<a></a>",
        ),
        (
            "<a password = 'abc' b=\"c>d\"/>",
            "<a password = '[REDACTED 3]' b=\"c>d\"/>",
            '<a b="c>d"/>',
        ),
        (
            '<a><b/><password k="1"/><c>d</c></a>',
            '<a><b/><password k="[REDACTED 1]"/><c>d</c></a>',
            "<a><b/><c>d</c></a>",
        ),
        (
            "<user><pin>1</pin><a><pin>2</pin></a></user>",
            "<user><pin>[REDACTED 1]</pin><a><pin>2</pin></a></user>",
            "<user><a><pin>2</pin></a></user>",
        ),
        (
            "<r><user pin='1'/><items><item id='2'/></items></r>",
            "<r><user pin='[REDACTED 1]'/><items><item id='[REDACTED 1]'/></items></r>",
            "<r><user/><items><item/></items></r>",
        ),
        (
            "<password>abc</password>\n",
            "<password>[REDACTED 3]</password>\n",
            "<password>[REDACTED 3]</password>\n",
        ),
        ("<a><password></password></a>", None, "<a></a>"),
        ("<a><password a=''/></a>", None, "<a></a>"),
        (
            '<?xml version="1.0" encoding="utf-16"?><a>é<password>é</password></a>',
            '<?xml version="1.0" encoding="utf-16"?><a>é<password>[REDACTED 1]'
            "</password></a>",
            '<?xml version="1.0" encoding="utf-16"?><a>é</a>',
        ),
        (
            "<a><password><password>x</password><!-- > --></password>y</a>",
            "<a><password>[REDACTED]</password>y</a>",
            "<a>y</a>",
        ),
        ("<a><pin>1</pin>&lt;</a>", None, None),
    ],
)
def test_what_is_listed_is_hidden_in_place(
    text: str, marked: str | None, removed: str | None
) -> None:
    """Everything beside it stays byte for byte."""
    assert scrub_xml(text, MARK) == (text if marked is None else marked)
    assert scrub_xml(text, REMOVE) == (text if removed is None else removed)


@pytest.mark.parametrize(
    "text",
    [
        "<a>my password is x</a>",
        "<a><!-- password: x --></a>",
        "<a><![CDATA[<password>x]]></a>",
        "<a>&lt;password&gt;x&lt;/password&gt;</a>",
        "<a b='password=x'/>",
        "<a><?php password ?></a>",
        "<a><password>x</password>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a><password>&b;</password></a>',
        "<a>" * 300 + "</a>" * 300,
        "<a><pa\u017fsword>x</pa\u017fsword></a>",
        "no xml, and a password",
    ],
)
def test_what_cannot_be_decided_is_said_so(text: str) -> None:
    """A listed name in a text may stand beside its value, or anywhere."""
    assert scrub_xml(text, MARK) is None


def test_xml_without_a_listed_name_is_the_same_object() -> None:
    """Nothing is laid out anew that does not have to be."""
    text = "<a><b>1</b></a>"

    assert scrub_xml(text, MARK) is text


@pytest.mark.parametrize(
    ("text", "is_xml"),
    [
        ("<?xml version='1.0'?><a/>", True),
        (" \n<a>", True),
        ("<soap:Envelope xmlns:soap='x'>", True),
        ("\ufeff<a/>", True),
        ("<3", False),
        ("a < b", False),
        ("{}", False),
    ],
)
def test_xml_is_known_by_its_beginning(text: str, is_xml: bool) -> None:
    """A body need not say what it is."""
    assert looks_like_xml(text) is is_xml


def test_a_soap_body_is_sent_without_what_is_listed() -> None:
    """Through the redactor, as a record has it."""
    text = (
        "<s:Envelope xmlns:s='u'><s:Body><password>x</password></s:Body></s:Envelope>"
    )
    record = a_record(given=text_content(text, "application/soap+xml; charset=utf-8"))
    entry = redacted(Redactor(denylist=["password"]), record)

    assert entry["response"]["content"]["text"] == text.replace("x<", "[REDACTED 1]<")


@pytest.mark.parametrize("mime_type", ["text/html", "text/html; charset=utf-8"])
def test_html_is_a_text_and_no_xml(mime_type: str) -> None:
    """Browsers read what no XML parser accepts, and the other way round."""
    text = "<form><password>x</password></form>"
    record = a_record(given=text_content(text, mime_type))

    assert withheld(Redactor(denylist=["password"]), record) == ("unparsed",)


def test_under_an_allowlist_no_xml_is_sent() -> None:
    """What its texts mean is not known, and nothing that is not listed leaves."""
    record = a_record(given=text_content("<id>1</id>", "text/xml"))

    assert withheld(Redactor(allowlist=["id"]), record) == ("unparsed",)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [" ", "\r\n", " a='1'", " a = ''"])
def test_a_tag_full_of_anything_takes_no_more_time_than_its_length(piece: str) -> None:
    """A client must not be able to hold the shipper up."""
    count = 200_000 // len(piece)
    pieces = "".join(
        piece.replace("a", f"a{n}") if "a" in piece else piece for n in range(count)
    )

    found = scrub_xml(f"<r password='abc'{pieces}><password>x</password></r>", MARK)

    assert found is not None and "abc" not in found
