"""A Flask application whose exchanges are recorded.

Run it:      python examples/flask_app.py
Deploy it:   gunicorn --chdir examples flask_app:application
"""

import os
from wsgiref.simple_server import make_server

from flask import Flask, Response, jsonify, make_response, request, send_file

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}
application = Flask(__name__)


@application.before_request
def tell_the_log():
    """Flask knows the user and the route: say so where the log can see it."""
    key = request.headers.get("X-Api-Key", "anonymous")
    request.environ["wsgi_writer.caller"] = {"api_key": key, "label": "Example caller"}
    if request.url_rule is not None:
        request.environ["wsgi_writer.route"] = request.url_rule.rule


@application.get("/people/<person>")
def person(person):
    if person not in PEOPLE:
        return jsonify(error="nobody"), 404
    return jsonify(name=PEOPLE[person])


@application.post("/form")
def form():
    return jsonify(request.form.to_dict())


@application.post("/upload")
def upload():
    return jsonify(size=len(request.files["file"].read()))


@application.get("/stream")
def stream():
    return Response((f"line {number}\n" for number in range(3)), mimetype="text/plain")


@application.get("/file")
def file():
    return send_file(__file__, mimetype="text/x-python")


@application.get("/login")
def login():
    response = make_response(jsonify(ok=True))
    response.set_cookie("session", "s3cret-session")
    response.set_cookie("theme", "x")
    return response


@application.get("/error")
def error():
    raise RuntimeError("on purpose")


# Wrapping `wsgi_app` keeps the Flask object, its command line and its tests.
application.wsgi_app = ExchangeWriter(
    application.wsgi_app,
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    base_log_url="https://docs.example.com",
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
