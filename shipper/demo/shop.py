"""A small book shop as a plain WSGI app (PEP 3333), for the demo to record.

It answers in every way that is hard to log well: binary, streamed, empty,
cached, redirected, refused and crashed. It stores nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

BOOKS = (
    {"id": 1, "title": "The Owl Who Was Afraid of the Dark", "price": 7.5},
    {"id": 2, "title": "Guards! Guards!", "price": 9.99},
    {"id": 3, "title": "Łódź, a city", "price": 21},
)
COVER = b"\x89PNG\r\n\x1a\n" + bytes(range(256))  # not text in any encoding

Answer = Iterable[bytes]
Page = Callable[[WSGIEnvironment, StartResponse], Answer]


def shop(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """Answer one request."""
    path = environ["PATH_INFO"]
    page = PAGES.get(path)
    if page is None and path.startswith("/books/"):
        environ["wsgi_writer.route"] = "/books/{id}"
        page = _book
    if page is None:
        return _json(start_response, 404, {"error": f"no page {path}"})
    return page(environ, start_response)


def identify(environ: WSGIEnvironment) -> dict[str, str] | None:
    """Name the caller by API key; a request that asks not to be logged has none."""
    if environ.get("HTTP_X_DO_NOT_LOG"):
        return None
    key = environ.get("HTTP_X_API_KEY") or environ.get("HTTP_AUTHORIZATION", "nobody")
    name = "Owl" if "owl" in key else "Somebody"
    return {"api_key": key, "label": name, "email": f"{name.lower()}@example.com"}


def _books(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    match environ["REQUEST_METHOD"]:
        case "POST":
            body = _read(environ)
            return _json(start_response, 201, {"id": 4, **json.loads(body)})
        case "HEAD":
            start_response("200 OK", [("Content-Type", "application/json")])
            return []
        case _:
            return _json(start_response, 200, {"books": BOOKS})


def _book(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    number = environ["PATH_INFO"].rpartition("/")[2]
    book = next((book for book in BOOKS if str(book["id"]) == number), None)
    if book is None:
        return _json(start_response, 404, {"error": "no such book"})
    match environ["REQUEST_METHOD"]:
        case "PUT" | "PATCH":
            return _json(start_response, 200, {**book, **json.loads(_read(environ))})
        case "DELETE":
            start_response("204 No Content", [])
            return []
        case _ if environ.get("HTTP_IF_NONE_MATCH"):
            start_response("304 Not Modified", [("ETag", '"1"')])
            return []
        case _:
            return _json(start_response, 200, book)


def _login(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _read(environ)
    token = {"access_token": "demo-secret-granted-token", "expires_in": 3600}
    cookie = ("Set-Cookie", "session=demo-secret-session; HttpOnly")
    return _json(start_response, 200, token, cookie)


def _profile(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _read(environ)
    person = {"name": "Owl", "ssn": "demo-listed-number", "city": "Hundred Acre Wood"}
    return _json(start_response, 200, {"person": person})


def _cover(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    if environ["REQUEST_METHOD"] == "POST":
        size = len(_read(environ))
        return _json(start_response, 201, {"stored_bytes": size})
    start_response("200 OK", [("Content-Type", "image/png")])
    return [COVER]


def _export(_environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    start_response("200 OK", [("Content-Type", "text/csv; charset=utf-8")])
    return _rows()


def _rows() -> Iterator[bytes]:
    yield b"id,title\r\n"
    for book in BOOKS:
        yield f"{book['id']},{book['title']}\r\n".encode()


def _moved(_environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    location = "https://shop.example.com/books?token=demo-secret-location"
    headers = [("Location", location), ("Content-Type", "text/plain")]
    start_response("302 Found", [*headers, ("Content-Length", "0")])
    return []


def _crash(_environ: WSGIEnvironment, _start_response: StartResponse) -> Answer:
    raise RuntimeError("the demo app crashes on purpose")


def _healthz(_environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    return _json(start_response, 200, {"status": "up"})


PAGES: dict[str, Page] = {
    "/books": _books,
    "/login": _login,
    "/profile": _profile,
    "/cover.png": _cover,
    "/export.csv": _export,
    "/moved": _moved,
    "/crash": _crash,
    "/healthz": _healthz,
}


def _read(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def _json(
    start_response: StartResponse, status: int, value: object, *more: tuple[str, str]
) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, *more])
    return [body]
