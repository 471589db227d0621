"""A Falcon application whose exchanges are recorded.

Run it:      python examples/falcon_app.py
Deploy it:   gunicorn --chdir examples falcon_app:application
"""

import os
from wsgiref.simple_server import make_server

import falcon

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}


class TellTheLog:
    """Falcon knows the route: say so where the log can see it."""

    def process_resource(self, req, resp, resource, params):
        req.env["wsgi_writer.route"] = req.uri_template


class Person:
    def on_get(self, req, resp, number):
        if number not in PEOPLE:
            raise falcon.HTTPNotFound
        resp.media = {"name": PEOPLE[number]}

    on_head = on_get


class Form:
    def on_post(self, req, resp):
        resp.media = req.get_media()


class Upload:
    def on_post(self, req, resp):
        sizes = [len(part.stream.read()) for part in req.get_media()]
        resp.media = {"size": sum(sizes)}


class Stream:
    def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.stream = (b"line %d\n" % number for number in range(3))


class File:
    def on_get(self, req, resp):
        resp.content_type = "text/x-python"
        resp.stream = open(__file__, "rb")  # noqa: SIM115 - Falcon closes it


class Login:
    def on_get(self, req, resp):
        resp.set_cookie("session", "s3cret-session")
        resp.set_cookie("theme", "x")
        resp.media = {"ok": True}


class Error:
    def on_get(self, req, resp):
        raise RuntimeError("on purpose")


def identify(environ):
    """Say who is calling; None would leave the exchange out of the log."""
    key = environ.get("HTTP_X_API_KEY", "anonymous")
    return {"api_key": key, "label": "Example caller", "email": "caller@example.com"}


app = falcon.App(middleware=[TellTheLog()])
app.add_route("/people/{number}", Person())
app.add_route("/form", Form())
app.add_route("/upload", Upload())
app.add_route("/stream", Stream())
app.add_route("/file", File())
app.add_route("/login", Login())
app.add_route("/error", Error())

application = ExchangeWriter(
    app,
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    identify=identify,
    base_log_url="https://docs.example.com",
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
