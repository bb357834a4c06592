"""Trackers for tests: HTTP servers on loopback that behave as the documented APIs of Jira, GitHub and GitLab do, as far as asked.

Sources: Atlassian's REST API 2 (issue, search/jql, search, project) and servicedesk API, docs.github.com (REST, issues),
docs.gitlab.com (Issues API). *faults* are answered first, one after the other; *loses* makes an issue and never says so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "tok-4711-very-secret"


@dataclass
class Server:
    """One tracker: the issues in it, and everything that it was asked."""

    answer: object
    port: int = 0
    issues: list[dict] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    loses: bool = False
    stalls: threading.Event | None = None
    """An issue is made, and nothing said before this is set."""
    hidden: bool = False
    """Its search index is behind: what was made is not found."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def made(self) -> int:
        return sum(method == "POST" for method, _ in self.asked)


@contextlib.contextmanager
def serving(answer):
    """A tracker for as long as the block: *answer* (server, method, path, query, body, headers) → (status, JSON)."""
    here = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def _go(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            here.asked.append((self.command, self.path))
            if here.faults:
                status, headers, text = here.faults.pop(0)
                return self._say(status, headers, text.encode())
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            told = json.loads(body) if body else {}
            status, said = here.answer(here, self.command, parts.path, query, told, self.headers)
            if here.stalls and self.command == "POST":
                here.stalls.wait(10)
            if here.loses and self.command == "POST":
                here.loses = False
                self.close_connection = True
                return self.connection.close()
            return self._say(status, {"Content-Type": "application/json"}, json.dumps(said).encode())

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._go()

        def do_POST(self) -> None:
            self._go()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ---------------------------------------------------------------- Jira


_BASIC = "Basic " + base64.b64encode(f"twain@example.com:{TOKEN}".encode()).decode()


def jira(here, method, path, query, body, headers):
    """Cloud with a user's token, Data Center with a personal one."""
    cloud = headers["Authorization"] == _BASIC
    if not cloud and headers["Authorization"] != f"Bearer {TOKEN}":
        return 401, {"message": "Client must be authenticated to access this resource."}
    if path == "/rest/api/2/project/DATA":
        return 200, {"key": "DATA", "name": "The data team"}
    if method == "POST":
        return 201, _posted(here, path, body)
    if path == ("/rest/api/2/search/jql" if cloud else "/rest/api/2/search"):
        return 200, {
            "issues": [] if here.hidden else [_shown(one) for one in here.issues if _matches(one, query["jql"])]
        }
    found = [one for one in here.issues if path == f"/rest/api/2/issue/{one['key']}"]
    if found:
        return 200, _shown(found[0])
    return 404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}


def _posted(here, path, body):
    if path == "/rest/api/2/issue":
        return _filed(here, body["fields"])
    assert path == "/rest/servicedeskapi/request"
    told = _filed(here, body["requestFieldValues"])
    return {"issueId": told["id"], "issueKey": told["key"], "requestTypeId": body["requestTypeId"]}


def _filed(here, fields):
    number = len(here.issues) + 1
    key = f"DATA-{number}"
    here.issues.append({"key": key, "id": str(10_000 + number), "fields": fields, "status": ("To Do", "new")})
    return {"id": str(10_000 + number), "key": key, "self": f"{here.url}/rest/api/2/issue/{10_000 + number}"}


def _shown(one):
    name, category = one["status"]
    return {
        "key": one["key"],
        "id": one["id"],
        "fields": {"status": {"name": name, "statusCategory": {"key": category}}},
    }


def _matches(one, jql):
    assert jql.startswith('project = "DATA" AND ')
    label = re.search(r'labels = "([^"]+)"', jql)
    if label:
        return label[1] in one["fields"].get("labels", [])
    phrase = re.search(r'description ~ "\\"([^"\\]+)\\""', jql)
    return phrase[1] in one["fields"]["description"]


# ---------------------------------------------------------------- GitHub and GitLab


def github(here, method, path, query, body, headers):
    if headers["Authorization"] != f"Bearer {TOKEN}":
        return 401, {"message": "Bad credentials"}
    if path == "/repos/nordlicht/data":
        return 200, {"full_name": "nordlicht/data", "has_issues": True}
    if (method, path) == ("POST", "/repos/nordlicht/data/issues"):
        number = len(here.issues) + 1
        here.issues.append({"number": number, "state": "open", "state_reason": None, **body,
                            "html_url": "javascript:alert(1)"})  # fmt: skip
        return 201, here.issues[-1]
    if path == "/repos/nordlicht/data/issues":
        start = (int(query["page"]) - 1) * int(query["per_page"])
        return 200, here.issues[start : start + int(query["per_page"])]
    found = [one for one in here.issues if path == f"/repos/nordlicht/data/issues/{one['number']}"]
    return (200, found[0]) if found else (410, {"message": "This issue was deleted"})


def gitlab(here, method, path, query, body, headers):
    if headers["PRIVATE-TOKEN"] != TOKEN:
        return 401, {"message": "401 Unauthorized"}
    here_is = unquote(path)
    if here_is == "/api/v4/projects/nordlicht/data":
        return 200, {"path_with_namespace": "nordlicht/data"}
    if here_is == "/api/v4/projects/nordlicht/data/issues" and method == "POST":
        here.issues.append({"iid": len(here.issues) + 1, "state": "opened", **body})
        return 201, here.issues[-1]
    if here_is == "/api/v4/projects/nordlicht/data/issues":
        return 200, [one for one in here.issues if query["search"] in one[query["in"]]]
    found = [one for one in here.issues if here_is == f"/api/v4/projects/nordlicht/data/issues/{one['iid']}"]
    return (200, found[0]) if found else (404, {"message": "404 Not found"})
