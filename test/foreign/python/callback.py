"""The redirect URI of a native app on loopback (RFC 8252 §7.3): a server that takes one answer at a time."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit


class CallbackServer:
    """Listens at `redirect_uri` from the start."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        address = urlsplit(redirect_uri)
        answers: queue.Queue[str] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/plain")
                self.end_headers()
                self.wfile.write(b"You can close this window.")
                answers.put(f"{address.scheme}://{address.netloc}{self.path}")

            def log_message(self, *_: object) -> None:
                pass

        self._answers = answers
        self._server = HTTPServer((address.hostname or "", address.port or 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, seconds: float = 60) -> str:
        """The URL that the browser was redirected to."""
        return self._answers.get(timeout=seconds)
