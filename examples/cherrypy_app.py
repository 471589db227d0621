"""A CherryPy application whose exchanges are recorded.

Run it:      python examples/cherrypy_app.py
Deploy it:   gunicorn --chdir examples cherrypy_app:application
"""

import os
from wsgiref.simple_server import make_server

import cherrypy
from cherrypy.lib.static import serve_file

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}


class People:
    @cherrypy.expose
    @cherrypy.tools.json_out()
    def default(self, number):
        if number not in PEOPLE:
            raise cherrypy.NotFound
        return {"name": PEOPLE[number]}


class Root:
    people = People()

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def form(self, **fields):
        return fields

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def upload(self, file):
        return {"size": len(file.file.read())}

    @cherrypy.expose
    @cherrypy.config(**{"response.stream": True})
    def stream(self):
        cherrypy.response.headers["Content-Type"] = "text/plain"
        return (b"line %d\n" % number for number in range(3))

    @cherrypy.expose
    def file(self):
        return serve_file(os.path.abspath(__file__), "text/x-python")

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def login(self):
        cherrypy.response.cookie["session"] = "s3cret-session"
        cherrypy.response.cookie["theme"] = "x"
        return {"ok": True}

    @cherrypy.expose
    def error(self):
        raise RuntimeError("on purpose")


def identify(environ):
    """Say who is calling; None would leave the exchange out of the log.

    CherryPy works on a copy of the environment: what a handler puts into it does not
    come back, so the caller is found here.
    """
    key = environ.get("HTTP_X_API_KEY", "anonymous")
    return {"api_key": key, "label": "Example caller", "email": "caller@example.com"}


cherrypy.config.update({"environment": "embedded"})
application = ExchangeWriter(
    cherrypy.Application(Root()),
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    identify=identify,
    base_log_url="https://docs.example.com",
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
