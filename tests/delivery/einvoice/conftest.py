"""Stand-ins for the networks: real HTTP servers that speak their APIs and do as they are told."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Network:
    """A server whose answers are set by path; everything it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict, dict]] = []
        self.answers: dict[str, list] = {}
        self.submissions: dict[str, dict] = {}
        self.news: list[dict] = []
        self.held: list[dict] = []
        self.lock = threading.Lock()
        self.hold = threading.Event()
        self.holding = threading.Event()
        network = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                network.serve(self)

            do_GET = do_DELETE = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, handler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        is_json = raw and "json" in handler.headers.get("Content-Type", "")
        body = json.loads(raw) if is_json else {"raw": raw.decode()}
        with self.lock:
            self.asked.append((handler.command, handler.path, dict(handler.headers), body))
            planned = self.answers.get(handler.path, [])
            answer = planned.pop(0) if planned else self.default(handler.command, handler.path, body)
        if callable(answer):
            answer = answer(handler, body)
        if answer is None:
            handler.close_connection = True
            return
        status, content, *headers = answer
        data = b"" if content is None else json.dumps(content).encode()
        try:
            handler.send_response(status)
            for name, value in (headers[0] if headers else {}).items():
                handler.send_header(name, value)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass

    def default(self, method: str, path: str, body: dict):
        if path == "/document_submissions":
            key = body["idempotencyGuid"]
            if key in self.submissions:
                return 422, {"errors": [{"source": "idempotencyGuid", "details": "has already been taken"}]}
            self.submissions[key] = body
            return 200, {"guid": f"guid-{key}"}
        if path == "/discovery/receives":
            return 200, {"code": "OK"}
        if path == "/webhook_instances/":
            return (200, self.news[0]) if self.news else (204, None)
        if path.startswith("/webhook_instances/"):
            self.news = [item for item in self.news if not path.endswith(item["guid"])]
            return 204, None
        if path == "/token":
            return 200, {"access_token": "token-1"}
        if path == "/cpro/factures/v1/deposer/flux":
            self.submissions[str(len(self.submissions))] = body
            return 200, {"codeRetour": 0, "libelle": "OK", "numeroFluxDepot": f"CPP{len(self.submissions)}"}
        if path == "/cpro/transverses/v1/consulterCRDetaille":
            return 200, {"etatCourantDepotFlux": "IN_INTEGRE"}
        return 404, None

    def tell(self, guid: str, event: str, **more: str) -> None:
        self.news.append(
            {
                "guid": f"n{len(self.news)}",
                "body": json.dumps({"document_submission_guid": guid, "event": event, **more}),
            }
        )

    def hang(self, handler, body):
        """Take the request in and never answer it; `hold`, set at the end, lets go of it."""
        with self.lock:
            self.default(handler.command, handler.path, body)
            self.held.append(body)
        self.holding.set()
        self.hold.wait()

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked]

    def documents(self, submissions=None) -> list[bytes]:
        """The documents of all submissions, or of some."""
        return [
            base64.b64decode(body.get("fichierFlux") or body["document"]["rawDocumentData"]["document"])
            for body in (self.submissions.values() if submissions is None else submissions)
        ]


@pytest.fixture
def network():
    network = Network()
    yield network
    network.hold.set()
    network.server.shutdown()
    network.server.server_close()
