"""A web server on 127.0.0.1 that misbehaves on request, in the ways in which real hosts and networks do."""

import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

HEADERS = ("Range", "If-Range", "User-Agent", "Accept-Encoding")
CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Certificate and key of a host with `tls`; nobody trusts it but who sets SSL_CERT_FILE to it."""


@dataclass
class Manners:
    """Describe how a host behaves; by default it behaves well.

    `cuts`: bytes of body after which the connection of the first, second, ... answer is cut. `stall`: bytes of body
    after which nothing more comes. `mute`: take the request and never answer. `raw`: send these bytes in
    place of an answer. `partial` replaces Content-Range.
    """

    status: int = 200
    ranges: bool = True
    honours_if_range: bool = True
    etag: str | None = '"one"'
    modified: str | None = None
    kind: str = "application/x-tar"
    cuts: list[int] = field(default_factory=list)
    stall: int | None = None
    mute: bool = False
    raw: bytes | None = None
    length: bool = True
    chunked: bool = False
    redirect: str | None = None
    partial: str | None = None
    pause: float = 0.0
    block: int = 4096


class Host:
    """Serve byte strings by path, and remember what was asked for.

    Used as `with Host({"/a.tar": content}) as host`; `host.manners` and `host.files` can be changed at any time.
    """

    def __init__(self, files: dict[str, bytes] | None = None, *, tls: bool = False, **manners: Any):
        self.files = files or {}
        self.manners = Manners(**manners)
        self.asked: list[dict[str, str | None]] = []
        self.over = threading.Event()
        self._tls = tls

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"host": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            # The handshake comes with the first byte that is read, in the thread of this one visitor.
            self._server.socket = context.wrap_socket(self._server.socket, True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        return self.address + path


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about visitors who leave."""


class _Handler(BaseHTTPRequestHandler):
    host: Host
    protocol_version = "HTTP/1.1"
    timeout = 5

    def log_message(self, format: str, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        host, manners = self.host, self.host.manners
        self.close_connection = True
        host.asked.append({"path": self.path, **{k: self.headers.get(k) for k in HEADERS}})
        if manners.mute:
            host.over.wait()
            return
        content = host.files.get(self.path)
        if manners.raw is not None:
            self.wfile.write(manners.raw)
            return
        if manners.redirect:
            self._head(302, {"Location": manners.redirect, "Content-Length": "0"})
        elif manners.status != 200 or content is None:
            self._head(manners.status if manners.status != 200 else 404, {"Content-Length": "0"})
        else:
            self._file(content, manners)

    def _file(self, content: bytes, manners: Manners) -> None:
        start = self._start(manners)
        if start is not None and start >= len(content):
            return self._head(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"})
        body = content[start or 0 :]
        headers = {"Content-Type": manners.kind, "ETag": manners.etag, "Last-Modified": manners.modified}
        if start is not None:
            whole = f"bytes {start}-{len(content) - 1}/{len(content)}"
            headers["Content-Range"] = manners.partial or whole
        if manners.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif manners.length:
            headers["Content-Length"] = str(len(body))
        self._head(206 if start is not None else 200, headers)
        return self._body(body, manners)

    def _start(self, manners: Manners) -> int | None:
        """First byte that is asked for, None where all of the file is."""
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if not manners.ranges or not asked:
            return None
        if condition and manners.honours_if_range and condition not in (manners.etag, manners.modified):
            return None
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _body(self, body: bytes, manners: Manners) -> None:
        cut = manners.cuts.pop(0) if manners.cuts else None
        end = min(x for x in (len(body), cut, manners.stall) if x is not None)
        for at in range(0, end, manners.block):
            block = body[at : min(end, at + manners.block)]
            framed = b"%x\r\n%b\r\n" % (len(block), block) if manners.chunked else block
            self.wfile.write(framed)
            if manners.pause:
                time.sleep(manners.pause)
        if cut is None and manners.stall is not None and end < len(body):
            self.host.over.wait()
        if manners.chunked and end == len(body):
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: dict[str, str | None]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
