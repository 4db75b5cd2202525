"""Starts the service: `python run.py`. Settings come from the environment, see README.md."""

import logging
import os
import signal
import sys
import threading

import config
import traces
from api import Api
from metrics import Exposition
from server import Server
from store import MySqlUsers

# Requests still arrive for a moment after SIGTERM, until every node knows that this pod is gone.
LINGER_SECONDS = 1.0
DRAIN_SECONDS = 10.0
log = logging.getLogger("authenticate")


def main() -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # A DNS server that does not answer must not hold a request for half a minute.
    os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")
    try:
        settings = config.load()
    except config.BadConfig as bad:
        for problem in bad.args:
            print(f"config: {problem}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    traced = traces.start()
    api = Api(MySqlUsers(settings, traced))
    try:
        server = Server(("", settings.listen), api, traced)
    except OSError as error:
        print(f"cannot listen on port {settings.listen}: {error.strerror}", file=sys.stderr)
        return 1
    if settings.metrics:
        try:
            scraped = Exposition(("", settings.metrics), api.metrics)
        except OSError as error:
            print(f"cannot listen on port {settings.metrics}: {error.strerror}", file=sys.stderr)
            return 1
        threading.Thread(target=scraped.serve_forever, daemon=True).start()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    database = f"{settings.host} port {settings.port}, TLS {settings.tls}"
    log.info("listening on port %d, database %s", server.server_port, database)
    stop.wait()
    return _stop(server)


def _stop(server: Server) -> int:
    log.info("stopping")
    server.api.stopping.set()
    threading.Event().wait(LINGER_SECONDS)
    server.shutdown()
    server.server_close()
    if not server.drain(DRAIN_SECONDS):
        log.warning("gave up on requests that took over %.0f s", DRAIN_SECONDS)
    server.traces.stop()
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
