"""The HTTP service that a live router asks while a caller listens to ringing.

Here: the application (routes, tokens, encodings) and the server around it.
Not here: answers (lookup.py, contract.py) and files (store.py). Nothing personal is logged: the access log is
off, for a number stands in the path.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError
from pipelines.router.contract import DefaultTreatment, Score, now_text
from pipelines.router.lookup import Lookup
from pipelines.router.tokens import TokenBook

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8787
REFRESH_S = 0.2
MAX_BATCH = 1_000
MAX_BODY_BYTES = 512 * 1024
BATCH_PAUSE_COUNT = 25
KEEP_ALIVE_S = 75

_log = logging.getLogger(__name__)


# --- the application ----------------------------------------------------------------


class _Service:
    """The routes, around one look-up and one set of tokens."""

    def __init__(self, lookup: Lookup, tokens: TokenBook) -> None:
        self._lookup = lookup
        self._tokens = tokens

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Watch for new versions for as long as the service runs."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        # In a thread: verifying a large version takes a second, and callers are waiting.
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await asyncio.to_thread(self._lookup.store.refresh)
            except Exception as error:
                # The watch must outlive whatever one version does to it.
                _log.error("looking for new scores failed: %s", type(error).__name__)

    def _authorise(self, request: Request, scope: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            verdict = self._tokens.check(token.strip() if scheme.lower() == "bearer" else "", scope)
        except CallwrightError as error:
            _log.error("tokens cannot be read: %s", error)
            raise HTTPException(503, "tokens cannot be read") from None
        if verdict == "unknown":
            raise HTTPException(
                401, "a valid bearer token is needed", {"WWW-Authenticate": 'Bearer realm="callwright"'}
            )
        if verdict == "no_scope":
            raise HTTPException(403, f"this token does not have the scope {scope}")

    async def score(self, request: Request) -> Response:
        """`GET /v1/scores/{who}`: one answer, as JSON or (`fmt=form`) form-encoded."""
        self._authorise(request, "scores")
        encoding = request.query_params.get("fmt", "json")
        if encoding not in ("json", "form"):
            raise HTTPException(400, "fmt must be json or form")
        found = self._lookup.answer(request.path_params["who"], from_url=True)
        return _encoded(found, encoding)

    async def scores(self, request: Request) -> Response:
        """`POST /v1/scores`: a JSON list of numbers or customers in, a list of answers in that order out."""
        self._authorise(request, "scores")
        callers = _callers(await _body(request))
        answers: list[dict[str, Any]] = []
        for position, who in enumerate(callers, start=1):
            answers.append(self._lookup.answer(who).as_dict())
            if position % BATCH_PAUSE_COUNT == 0:
                await asyncio.sleep(0)  # single callers go first
        return JSONResponse(answers)

    async def health(self, _: Request) -> Response:
        """`GET /health`: the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """`GET /ready`: 200 with the version in use; 503 before the first one.

        Expired scores are still 200: the default treatment is the right answer then, and is given.
        """
        manifest = self._lookup.store.manifest
        if manifest is None:
            return JSONResponse({"status": "nothing published yet"}, 503)
        expires_at = manifest.get("expires_at")
        return JSONResponse(
            {
                "status": "ready",
                "version": manifest["version"],
                "published_at": manifest["published_at"],
                "data_through_at": manifest.get("data_through_at"),
                "expires_at": expires_at,
                "is_stale": bool(expires_at and expires_at <= now_text()),
                "scores_count": manifest["counts"]["scores"],
            }
        )


def _encoded(found: Score, encoding: str) -> Response:
    # An answer holds for now, not for a cache between us and the router.
    headers = {"Cache-Control": "no-store"}
    if encoding == "form":
        return Response(found.as_form(), headers=headers, media_type="application/x-www-form-urlencoded")
    return Response(found.as_json(), headers=headers, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _callers(body: bytes) -> list[str]:
    try:
        callers = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(callers, list) or not all(isinstance(who, str) for who in callers):
        raise HTTPException(400, 'a list of texts is expected, for example ["+447946000037"]')
    if len(callers) > MAX_BATCH:
        raise HTTPException(413, f"{len(callers)} callers, at most {MAX_BATCH} at once")
    return callers


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def create_app(lookup: Lookup, tokens: TokenBook) -> Starlette:
    """The application, without a server around it."""
    service = _Service(lookup, tokens)
    return Starlette(
        routes=[
            # `path`: a SIP URI may hold slashes.
            Route("/v1/scores/{who:path}", service.score, methods=["GET"]),
            Route("/v1/scores", service.scores, methods=["POST"]),
            Route("/health", service.health, methods=["GET"]),
            Route("/ready", service.ready, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _refused},
        lifespan=service.lifespan,
    )


# --- the server ---------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_exposure(host: str, certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise SettingsError("TLS needs both files: the certificate and its key")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise SettingsError(f"{path}: no such file")
    if certificate is None and not is_loopback(host):
        raise SettingsError(
            f"--host {host}: tokens and scores would cross the network unencrypted",
            hint="give a TLS certificate and key, or keep to 127.0.0.1 behind a proxy that has them",
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise EnvironmentProblem(
            f"cannot listen on {host}:{port}: {error}", hint="take another port, for example --port 8788"
        ) from error
    return listener


def serve(
    home: Path,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    region: str,
    treatment: DefaultTreatment,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Run the service in the foreground until SIGINT or SIGTERM, then return.

    Call it from the main thread: elsewhere signals cannot stop it.

    Args:
        home: The centre's home.
        host: Address to listen on; loopback unless TLS files are given.
        port: Port to listen on; 0 takes a free one.
        region: `settings.centre.region`.
        treatment: `DefaultTreatment.from_settings(settings.router)`.
        tls_certificate: PEM file of the certificate chain.
        tls_key: PEM file of its key.
        announce: Given the base URL once, when connections are accepted.

    Raises:
        SettingsError: Not a loopback address and no TLS files; or the home has no secret.
        EnvironmentProblem: The port is taken.
    """
    _check_exposure(host, tls_certificate, tls_key)
    tokens = TokenBook(home)
    app = create_app(Lookup(home, region=region, treatment=treatment), tokens)
    if not len(tokens):
        _log.warning("no tokens yet, every request will be refused: callwright token create --home %s", home)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        log_level="warning",
        lifespan="on",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
    )
    with _listen(host, port) as listener, _stopping(server := uvicorn.Server(config)):
        listener.listen(config.backlog)
        if announce:
            shown = f"[{host}]" if ":" in host else host
            announce(f"{'https' if tls_certificate else 'http'}://{shown}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])


@contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Stop on a signal, and no more: uvicorn raises it again after its shutdown, but being told is no failure."""

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
