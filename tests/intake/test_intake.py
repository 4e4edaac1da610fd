"""The listener that the proofs rest on."""

import json
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

msgpack = pytest.importorskip("msgpack")

SPAN = {"service": "shop", "name": "servlet.request", "resource": "GET /hello", "trace_id": 2**63 + 1, "span_id": 7,
        "parent_id": 0, "start": 1, "duration": 2, "error": 1, "meta": {"http.status_code": "500"},
        "metrics": {"_sampling_priority_v1": 1}, "type": "web"}


@pytest.fixture
def intake():
    """A function that sends a request to a listener of its own, and returns what it answers."""
    server = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("intake.py"), "--port", "0"],
                              stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().removeprefix("listening at ").strip()

    def ask(path, body=None, **headers):
        request = urllib.request.Request(f"http://{address}{path}", body, headers, method="PUT" if body else "GET")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    yield ask
    server.terminate()
    server.communicate()


def v05(span):
    strings = [""]

    def index(text):
        if text not in strings:
            strings.append(text)
        return strings.index(text)

    row = [index(span["service"]), index(span["name"]), index(span["resource"]), span["trace_id"], span["span_id"],
           span["parent_id"], span["start"], span["duration"], span["error"],
           {index(k): index(v) for k, v in span["meta"].items()}, {index(k): v for k, v in span["metrics"].items()},
           index(span["type"])]
    return [strings, [[row]]]


@pytest.mark.parametrize("path, body", [("/v0.4/traces", [[SPAN]]), ("/v0.5/traces", v05(SPAN))])
def test_spans(intake, path, body):
    assert path in intake("/info")["endpoints"]
    headers = {"Datadog-Meta-Lang": "java", "Datadog-Meta-Tracer-Version": "1.2.3"}
    assert "rate_by_service" in intake(path, msgpack.packb(body), **headers)
    assert intake("/spans") == [{
        "service": "shop", "operation": "servlet.request", "resource": "GET /hello", "status": 500, "error": True,
        "trace_id": SPAN["trace_id"], "span_id": 7, "parent_id": 0, "language": "java", "tracer": "1.2.3",
        "meta": SPAN["meta"], "metrics": SPAN["metrics"]}]


def test_telemetry_tells_of_an_agent_once(intake):
    body = json.dumps({"application": {"service_name": "shop", "language_name": "jvm", "tracer_version": "1.2.3"}})
    for _ in range(2):
        assert intake("/telemetry/proxy/api/v2/apmtelemetry", body.encode()) == {}
    assert intake("/agents") == [{"service": "shop", "language": "jvm", "tracer": "1.2.3"}]


def test_garbage_is_refused_and_the_next_is_served(intake):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        intake("/v0.4/traces", b"\xc1")
    assert intake("/spans") == []
