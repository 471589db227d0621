"""A Bottle application whose exchanges are recorded.

Run it:      python examples/bottle_app.py
Deploy it:   gunicorn --chdir examples bottle_app:application
"""

import os
from wsgiref.simple_server import make_server

from bottle import Bottle, abort, request, response, static_file

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}
app = Bottle()


@app.get("/people/<number>")
def person(number):
    request.environ["wsgi_writer.route"] = request.route.rule
    if number not in PEOPLE:
        abort(404)
    return {"name": PEOPLE[number]}


@app.post("/form")
def form():
    return dict(request.forms)


@app.post("/upload")
def upload():
    return {"size": len(request.files["file"].file.read())}


@app.get("/stream")
def stream():
    response.content_type = "text/plain"
    return (b"line %d\n" % number for number in range(3))


@app.get("/file")
def file():
    folder, name = os.path.split(os.path.abspath(__file__))
    return static_file(name, root=folder)


@app.get("/login")
def login():
    response.set_cookie("session", "s3cret-session")
    response.set_cookie("theme", "x")
    return {"ok": True}


@app.get("/error")
def error():
    raise RuntimeError("on purpose")


def identify(environ):
    """Say who is calling; None would leave the exchange out of the log."""
    key = environ.get("HTTP_X_API_KEY", "anonymous")
    return {"api_key": key, "label": "Example caller", "email": "caller@example.com"}


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
