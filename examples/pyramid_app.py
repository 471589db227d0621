"""A Pyramid application whose exchanges are recorded.

Run it:      python examples/pyramid_app.py
Deploy it:   gunicorn --chdir examples pyramid_app:application
"""

import os
from wsgiref.simple_server import make_server

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import FileResponse, Response

from wsgi_writer import ExchangeWriter

PEOPLE = {"1": "Ada", "2": "Grace"}


def tell_the_log(event):
    """Pyramid knows the route: say so where the log can see it."""
    route = event.request.matched_route
    if route is not None:
        event.request.environ["wsgi_writer.route"] = route.pattern


def person(request):
    if request.matchdict["number"] not in PEOPLE:
        raise HTTPNotFound
    return Response(json={"name": PEOPLE[request.matchdict["number"]]})


def form(request):
    return Response(json=dict(request.POST))


def upload(request):
    return Response(json={"size": len(request.POST["file"].file.read())})


def stream(request):
    lines = (b"line %d\n" % number for number in range(3))
    return Response(app_iter=lines, content_type="text/plain")


def file(request):
    return FileResponse(__file__, request=request)


def login(request):
    response = Response(json={"ok": True})
    response.set_cookie("session", "s3cret-session")
    response.set_cookie("theme", "x")
    return response


def error(request):
    raise RuntimeError("on purpose")


def identify(environ):
    """Say who is calling; None would leave the exchange out of the log."""
    key = environ.get("HTTP_X_API_KEY", "anonymous")
    return {"api_key": key, "label": "Example caller", "email": "caller@example.com"}


with Configurator() as config:
    config.add_subscriber(tell_the_log, NewResponse)
    for pattern, view in {
        "/people/{number}": person,
        "/form": form,
        "/upload": upload,
        "/stream": stream,
        "/file": file,
        "/login": login,
        "/error": error,
    }.items():
        config.add_route(view.__name__, pattern)
        config.add_view(view, route_name=view.__name__)

application = ExchangeWriter(
    config.make_wsgi_app(),
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    identify=identify,
    base_log_url="https://docs.example.com",
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
