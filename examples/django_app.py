"""A Django project in one file whose exchanges are recorded.

Run it:      python examples/django_app.py
Deploy it:   gunicorn --chdir examples django_app:application
"""

import os
from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, Http404, JsonResponse, StreamingHttpResponse
from django.urls import path

from wsgi_writer import ExchangeWriter

settings.configure(
    DEBUG=False,
    SECRET_KEY="only-for-this-example",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[f"{__name__}.tell_the_log"],
)
PEOPLE = {"1": "Ada", "2": "Grace"}


def tell_the_log(get_response):
    """A Django middleware: request.user and the route are known here."""

    def middleware(request):
        key = request.headers.get("X-Api-Key", "anonymous")
        request.META["wsgi_writer.caller"] = {"api_key": key, "label": "Example caller"}
        response = get_response(request)
        if request.resolver_match is not None:
            request.META["wsgi_writer.route"] = "/" + request.resolver_match.route
        return response

    return middleware


def person(request, number):
    if number not in PEOPLE:
        raise Http404
    return JsonResponse({"name": PEOPLE[number]})


def form(request):
    return JsonResponse(request.POST.dict())


def upload(request):
    return JsonResponse({"size": request.FILES["file"].size})


def stream(request):
    lines = (f"line {number}\n" for number in range(3))
    return StreamingHttpResponse(lines, content_type="text/plain")


def file(request):
    return FileResponse(open(__file__, "rb"))


def login(request):
    response = JsonResponse({"ok": True})
    response.set_cookie("session", "s3cret-session")
    response.set_cookie("theme", "x")
    return response


def error(request):
    raise RuntimeError("on purpose")


urlpatterns = [
    path("people/<number>", person),
    path("form", form),
    path("upload", upload),
    path("stream", stream),
    path("file", file),
    path("login", login),
    path("error", error),
]

application = ExchangeWriter(
    get_wsgi_application(),
    os.environ.get("EXCHANGE_LOG", "exchanges.jsonl"),
    base_log_url="https://docs.example.com",
)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
