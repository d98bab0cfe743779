"""HTTP over TLS, on loopback: how answers travel, and how they fail to arrive."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import sys
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.fake_graph.certificates import server_files
from tests.fake_graph.message import Answer, Request

if TYPE_CHECKING:
    from tests.fake_graph.graph import FakeGraph


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False

    def __init__(self, graph: FakeGraph, port: int) -> None:
        self.graph = graph
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(server_files().leaf)
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        raw, address = self.socket.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake happens in the connection's own thread.
        connection = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self.open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        self.open.discard(request)
        request.close()

    def hang_up(self) -> None:
        """Ends the connections that clients keep open, and their threads with them."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (OSError, ValueError)):  # a client that went away is no error of the fake
            self.graph.errors.append(error)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle(self) -> None:
        self.connection.do_handshake()
        super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is printed; requests are recorded."""

    def _serve(self) -> None:
        graph = self.server.graph
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request.of(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if graph.record:
            graph.requests.append(request)
        if graph.latency:
            graph.stopping.wait(graph.latency)
        self._send(graph, request, graph.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _send(self, graph: FakeGraph, request: Request, answer: Answer) -> None:
        kind, details = (answer.fault.kind, answer.fault.details) if answer.fault else ("", {})
        how = details.get("how", "length") if kind == "truncated" else ""
        at: Any = details.get("at", None if kind == "reset" else 0.5)
        body, headers = answer.body, answer.headers
        if kind == "reset" and at is None:
            return self._reset()
        if kind == "slow_head":
            graph.stopping.wait(details["seconds"])
        if kind == "bad_json":
            body = body[: int(len(body) * at)]
        if kind == "corrupt":
            body = _corrupted(body)
        if kind == "bomb":
            headers, body = {**headers, "Content-Encoding": "gzip"}, _bomb(details["size"])
        elif how == "gzip" or (not how and len(body) > 500 and "gzip" in request.headers.get("accept-encoding", "")):
            headers = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            body = graph.compressed(request.url, body)
        part = body[: int(len(body) * at)] if how or kind == "reset" else body
        if how == "chunked":
            headers = {**headers, "Transfer-Encoding": "chunked"}
        elif how == "close":
            headers = {**headers, "Connection": "close"}
        else:
            headers = {**headers, "Content-Length": str(len(part if how == "gzip" else body))}
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Unknown',))[0]}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["OData-Version: 4.0", "request-id: 0e000000-0000-4000-8000-00000000e44e", "x-ms-resource-unit: 1", "", ""]
        self.connection.sendall("\r\n".join(lines).encode("latin-1"))
        if how == "chunked":
            part = f"{len(body):x}\r\n".encode() + part
        if kind == "slow_body":
            step = len(part) // 10 + 1
            for start in range(0, len(part), step):
                graph.stopping.wait(details["seconds"] / 10)
                self.connection.sendall(part[start : start + step])
        elif self.command != "HEAD":
            self.connection.sendall(part)
        if kind == "reset":
            self._reset()
        elif how in ("length", "chunked", "close"):
            self._close()
        return None

    def _close(self) -> None:
        """An orderly end of TLS and of the connection, after whatever was sent so far."""
        self.close_connection = True
        self.connection.settimeout(0.05)
        with contextlib.suppress(OSError, ValueError):
            self.connection.unwrap()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


def _corrupted(body: bytes) -> bytes:
    """With a byte in one of its texts that no UTF-8 has."""
    at = body.index(b'"', body.index(b'"displayName":"') + 15) if b'"displayName":"' in body else len(body) // 2
    return body[:at] + b"\xfc" + body[at:]


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * (1 << 20)
    return b"".join(packer.compress(blanks) for _ in range(size >> 20)) + packer.flush()
