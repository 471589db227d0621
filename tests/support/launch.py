"""Run a WSGI application under one of the servers that have no command line of use.

Usage: python -m tests.support.launch SERVER MODULE FD
where FD is a listening socket that this process inherits. Servers that are started
this way need not be asked whether they are ready: the socket already is.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from typing import Any


def serve_wsgiref(application: Any, listener: socket.socket) -> None:
    """The standard library's reference server, one request after the other."""
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    server = WSGIServer(
        listener.getsockname(), WSGIRequestHandler, bind_and_activate=False
    )
    server.socket.close()
    server.socket = listener
    host, port = listener.getsockname()
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(application)
    server.serve_forever()


def serve_waitress(application: Any, listener: socket.socket) -> None:
    """Waitress, with its threads."""
    import waitress

    waitress.serve(application, sockets=[listener], threads=4)


def serve_cheroot(application: Any, listener: socket.socket) -> None:
    """Cheroot, taking the socket as systemd would hand it over."""
    from cheroot.wsgi import Server

    os.dup2(listener.fileno(), 3)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    Server(listener.getsockname(), application).start()


def serve_pywsgi(application: Any, listener: socket.socket) -> None:
    """Gevent's own server, which adds up the chunks of a list as it sends them."""
    from gevent import monkey

    monkey.patch_all()
    from gevent.pywsgi import WSGIServer

    listener.setblocking(False)
    WSGIServer(listener, application, log=None, error_log=None).serve_forever()


SERVERS = {
    "wsgiref": serve_wsgiref,
    "waitress": serve_waitress,
    "cheroot": serve_cheroot,
    "pywsgi": serve_pywsgi,
}


def main() -> None:
    """Serve until this process is ended."""
    server, module, descriptor = sys.argv[1:]
    application = importlib.import_module(module).application
    SERVERS[server](application, socket.socket(fileno=int(descriptor)))


if __name__ == "__main__":
    main()
