"""A plain WSGI application whose exchanges are recorded.

Run it:      python examples/plain_app.py
Deploy it:   gunicorn --chdir examples plain_app:application
"""

import json
import os
from urllib.parse import parse_qsl
from wsgiref.simple_server import make_server
from wsgiref.util import FileWrapper

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}


def app(environ, start_response):
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if path.startswith("/people/") and path[8:] in PEOPLE:
        environ["wsgi_writer.route"] = "/people/{id}"  # groups the endpoint's calls
        return as_json(start_response, {"name": PEOPLE[path[8:]]})
    if path == "/form" and method == "POST":
        return as_json(start_response, dict(parse_qsl(read_body(environ).decode())))
    if path == "/upload" and method == "POST":
        return as_json(start_response, {"size": len(read_body(environ))})
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"line %d\n" % number for number in range(3))
    if path == "/file":
        start_response("200 OK", [("Content-Type", "text/x-python")])
        wrapper = environ.get("wsgi.file_wrapper", FileWrapper)
        return wrapper(open(__file__, "rb"))
    if path == "/login":
        cookies = [("Set-Cookie", "session=s3cret-session"), ("Set-Cookie", "theme=x")]
        return as_json(start_response, {"ok": True}, *cookies)
    if path == "/error":
        raise RuntimeError("on purpose")
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"not found"]


def read_body(environ):
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def as_json(start_response, value, *headers):
    start_response("200 OK", [("Content-Type", "application/json"), *headers])
    return [json.dumps(value).encode()]


def identify(environ):
    """Say who is calling; None would leave the exchange out of the log."""
    key = environ.get("HTTP_X_API_KEY", "anonymous")
    return {"api_key": key, "label": "Example caller", "email": "caller@example.com"}


application = ExchangeWriter(
    app,
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    identify=identify,
    base_log_url="https://docs.example.com",
    skip_paths=["/healthz"],
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
