"""The listener that the proofs rest on."""

import gzip
import json
import sys
import urllib.error

import pytest

from harness import ROOT

msgpack = pytest.importorskip("msgpack")

SPAN = {"service": "shop", "name": "servlet.request", "resource": "GET /hello", "trace_id": 2**63 + 1, "span_id": 7,
        "parent_id": 0, "start": 1, "duration": 2, "error": 1,
        "meta": {"http.status_code": "500", "span.kind": "server"}, "metrics": {"_sampling_priority_v1": 1}, "type": "web"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


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


@pytest.fixture(scope="module")
def export_request(otlp):
    """OpenTelemetry's own class of what an exporter sends."""
    sys.path.insert(0, str(ROOT / "build/pip/intake"))
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    return ExportTraceServiceRequest


@pytest.mark.parametrize("path, body", [("/v0.4/traces", [[SPAN]]), ("/v0.5/traces", v05(SPAN))])
def test_datadog_spans(intake, path, body):
    assert path in json.loads(intake.ask("/info"))["endpoints"]
    headers = {"Datadog-Meta-Lang": "java", "Datadog-Meta-Tracer-Version": "1.2.3"}
    assert "rate_by_service" in json.loads(intake.ask(path, msgpack.packb(body), **headers))
    assert intake.spans() == [{
        "service": "shop", "operation": "servlet.request", "resource": "GET /hello", "status": 500, "error": True,
        "kind": "server", "trace_id": SPAN["trace_id"], "span_id": 7, "parent_id": 0,
        "language": "java", "tracer": "1.2.3", "meta": SPAN["meta"], "metrics": SPAN["metrics"], "from": "127.0.0.1"}]


@pytest.mark.parametrize("packing", [None, "gzip"])
def test_otlp_spans(intake, export_request, packing):
    sent = export_request()
    resource = sent.resource_spans.add()
    for key, text in (("service.name", "shop"), ("telemetry.sdk.language", "python"), ("telemetry.sdk.version", "1.2.3")):
        resource.resource.attributes.add(key=key).value.string_value = text
    span = resource.scope_spans.add().spans.add(
        name="GET /hello", kind="SPAN_KIND_SERVER", trace_id=bytes(15) + b"\x05", span_id=bytes(7) + b"\x07")
    span.status.code = span.status.STATUS_CODE_ERROR
    span.attributes.add(key="http.response.status_code").value.int_value = 500
    span.attributes.add(key="odd").value.array_value.values.add().bytes_value = b"\xff"

    body, headers = sent.SerializeToString(), dict(PROTOBUF)
    if packing:
        body, headers["Content-Encoding"] = gzip.compress(body), packing
    assert intake.ask("/v1/traces", body, **headers) == b""  # an ExportTraceServiceResponse without complaints
    assert intake.spans() == [{
        "service": "shop", "operation": "GET /hello", "resource": "GET /hello", "status": 500, "error": True,
        "kind": "server", "trace_id": 5, "span_id": 7, "parent_id": 0, "language": "python", "tracer": "1.2.3",
        "meta": {"http.response.status_code": 500, "odd": ["ff"]}, "metrics": {}, "from": "127.0.0.1"}]
    assert intake.agents() == [{"service": "shop", "language": "python", "tracer": "1.2.3"}]


@pytest.mark.parametrize("signal", ["metrics", "logs"])
def test_other_signals_are_dropped(intake, signal):
    assert intake.ask(f"/v1/{signal}", b"anything", **PROTOBUF) == b""
    assert json.loads(intake.ask("/spans")) == []


def test_telemetry_tells_of_an_agent_once(intake):
    body = json.dumps({"application": {"service_name": "shop", "language_name": "jvm", "tracer_version": "1.2.3"}})
    for _ in range(2):
        assert intake.ask("/telemetry/proxy/api/v2/apmtelemetry", body.encode()) == b"{}"
    assert intake.agents() == [{"service": "shop", "language": "jvm", "tracer": "1.2.3"}]


@pytest.mark.parametrize("path, headers", [
    ("/v0.4/traces", {}), ("/v1/traces", PROTOBUF), ("/v1/traces", {"Content-Type": "application/json"}),
    ("/v1/traces", PROTOBUF | {"Content-Encoding": "gzip"}),
])
def test_garbage_is_refused_and_the_next_is_served(intake, otlp, path, headers):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        intake.ask(path, b"\xc1", **headers)
    assert json.loads(intake.ask("/spans")) == []
