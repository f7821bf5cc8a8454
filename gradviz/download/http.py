"""One answer of an HTTP host, read in a thread of its own, so that a silent host cannot hold up who waits for it."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx

from gradviz.callbacks import Cancel, stop_if
from gradviz.errors import DownloadError

_POLL = 0.1
"""Seconds between two looks at the cancel flag."""

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_STATUS = {
    401: "asks for a password",
    403: "does not allow access to this file",
    404: "does not have this file",
    410: "no longer has this file",
    416: "does not have the part of the file that was asked for",
    429: "asks for fewer requests",
    503: "is busy or being repaired",
}
_FAILURES: tuple[tuple[type[Exception], str, bool], ...] = (  # what is raised or lies beneath, sentence, transient
    (httpx.TimeoutException, "{host} has sent nothing for {timeout:g} s.", True),
    (httpx.TooManyRedirects, "{host} redirects in a circle.", False),
    (httpx.InvalidURL, "{host} redirects to something that is not an address.", False),
    (socket.gaierror, "{host} is not found (is this computer online?).", True),
    (ssl.SSLCertVerificationError, "The certificate of {host} is not valid ({cause.verify_message}).", False),
    (ConnectionRefusedError, "{host} refuses the connection.", True),
    (ConnectionError, "{host} cut the connection.", True),
    (httpx.ProtocolError, "{host} does not answer in http.", False),
    (OSError, "{host} cannot be reached ({cause.strerror}).", True),
    (httpx.TransportError, "{host} cannot be reached ({cause}).", True),
)


class HostError(DownloadError):
    """Report what is wrong with a host or with what it sent; `transient` where another try may help."""

    def __init__(self, message: str, *, transient: bool = False):
        super().__init__(message)
        self.transient = transient


class DamagedError(HostError):
    """Report that what came is cut, altered or something else than what was published."""


@contextmanager
def ask(
    url: str, headers: Mapping[str, str], *, timeout: float, cancel: Cancel
) -> Iterator[tuple[httpx.Response, Iterator[bytes]]]:
    """Request an address: the answer, and its blocks as they come, which can be read inside the `with` only.

    `timeout`: seconds without a byte after which the host counts as stalled. Raises HostError in every case that is
    not an answer (host unknown, refused, cut, stalled) and Cancelled within a fraction of a second.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise HostError(f"{url} is not an address that starts with https:// or http://.")
    try:
        client = httpx.Client(
            headers={"User-Agent": "gradviz", "Accept-Encoding": "identity"},
            timeout=timeout,
            follow_redirects=True,
            max_redirects=5,
            event_hooks={"response": [_refuse_unsafe]},
            verify=ssl.create_default_context(),  # the system's certificates, to which institutes add their own
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise HostError(f"The proxy that the environment names cannot be used ({error}).") from error
    exchange = _exchange(client, client.build_request("GET", address, headers=headers))
    with closing(_from_thread(exchange, address.host, timeout, cancel)) as received:
        yield next(received), received


def status_error(host: str, status: int, url: str) -> HostError:
    """Explain a status that is not the file."""
    reason = _STATUS.get(status, "has an internal error" if status >= 500 else "does not send the file")
    return HostError(f"{host} {reason} (status {status} for {url}).", transient=status in _TRANSIENT)


def _exchange(client: httpx.Client, request: httpx.Request) -> Generator[Any, None, None]:
    """Yield the answer and then its blocks; each step may take for as long as the host likes."""
    with client, closing(client.send(request, stream=True)) as response:
        yield response
        yield from response.iter_raw()  # as it comes: with a size, what came before a cut would be lost


def _refuse_unsafe(response: httpx.Response) -> None:
    """Refuse a redirect down to an unprotected or strange address."""
    if response.has_redirect_location:
        before, after = response.url, response.url.join(response.headers["Location"])
        if after.scheme not in ("http", "https") or (before.scheme == "https" and after.scheme == "http"):
            raise HostError(f"{before.host} redirects from {before.scheme} to {after.scheme}, which is not safe.")


def _from_thread(steps: Generator[Any, None, None], host: str, timeout: float, cancel: Cancel) -> Generator:
    """Run `steps` in a thread and yield what they yield; once the caller leaves, they end at their next step."""
    events: queue.Queue[Any] = queue.Queue(maxsize=8)
    left = threading.Event()

    def run() -> None:
        try:
            with closing(steps):
                for event in steps:
                    if left.is_set():
                        return
                    events.put(event)
            events.put(None)
        except Exception as error:
            events.put(error)

    def take() -> Any:
        end = time.monotonic() + timeout  # the library counts a step only, of which a look-up of a name is none
        while True:
            stop_if(cancel)
            with suppress(queue.Empty):
                return events.get(timeout=_POLL)
            if time.monotonic() > end:
                return httpx.ReadTimeout("")

    threading.Thread(target=run, name=f"transfer from {host}", daemon=True).start()
    try:
        while (event := take()) is not None:
            if isinstance(event, Exception):
                raise _explain(event, host, timeout) from event.__cause__
            yield event
    finally:
        left.set()
        with suppress(queue.Empty):  # the thread may be waiting for a place
            while True:
                events.get_nowait()


def _explain(error: Exception, host: str, timeout: float) -> Exception:
    """Turn what the library raised into one sentence; a defect of ours stays what it is."""
    if not isinstance(error, (httpx.HTTPError, httpx.InvalidURL, OSError)):
        return error
    cause: BaseException = error
    while beneath := cause.__cause__ or cause.__context__:
        cause = beneath
    if isinstance(error, httpx.RemoteProtocolError) and str(error).startswith(("Server disconnected", "peer closed")):
        cause = ConnectionResetError()
    for kind, sentence, transient in _FAILURES:
        if isinstance(error, kind) or isinstance(cause, kind):
            return HostError(sentence.format(host=host, timeout=timeout, cause=cause), transient=transient)
    return error
