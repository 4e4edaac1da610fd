#!/usr/bin/python3
"""Listens like the Datadog agent and like an OTLP/HTTP collector (protobuf), prints a line for every span, and tells
what arrived.

GET /spans   every span, as a JSON array, in one form for both protocols
GET /agents  what each tracing library said of itself

Needs Debian's python3-msgpack, and for OTLP alone what tests/pip puts into build/pip/intake.
"""

import argparse
import gzip
import http.server
import json
import pathlib
import sys
import threading

import msgpack

INFO = {
    "version": "7.60.0",
    "endpoints": ["/v0.4/traces", "/v0.5/traces", "/v0.7/config", "/telemetry/proxy/", "/debugger/v2/input"],
    "client_drop_p0s": False,
    "config": {},
}
# every service keeps all of its spans
RATES = {"rate_by_service": {"service:,env:": 1}}
PROTOBUF = "application/x-protobuf"
LIBRARIES = pathlib.Path(__file__).resolve().parents[2] / "build/pip/intake"


def spans_v04(body):
    """[[{"service": …, "meta": {…}, "metrics": {…}}, …], …]: a list of traces, each a list of spans."""
    for trace in msgpack.unpackb(body, strict_map_key=False):
        yield from trace


def spans_v05(body):
    """[strings, traces]: the same, with a span as an array and every string as an index into the first."""
    strings, traces = msgpack.unpackb(body, strict_map_key=False)
    for trace in traces:
        for service, name, resource, trace_id, span_id, parent_id, _, _, error, meta, metrics, kind in trace:
            yield {
                "service": strings[service], "name": strings[name], "resource": strings[resource],
                "trace_id": trace_id, "span_id": span_id, "parent_id": parent_id, "error": error,
                "meta": {strings[k]: strings[v] for k, v in meta.items()},
                "metrics": {strings[k]: v for k, v in metrics.items()},
                "type": strings[kind],
            }


def datadog_spans(decode, body, headers):
    """Datadog's spans in the form that GET /spans shows."""
    for span in decode(body):
        meta, metrics = span.get("meta") or {}, span.get("metrics") or {}
        status = meta.get("http.status_code", metrics.get("http.status_code"))
        yield {
            "service": span["service"], "operation": span["name"], "resource": span["resource"],
            "status": None if status is None else int(status), "error": bool(span.get("error")),
            "kind": meta.get("span.kind"),
            "trace_id": span["trace_id"], "span_id": span["span_id"], "parent_id": span.get("parent_id") or 0,
            "language": headers.get("Datadog-Meta-Lang"), "tracer": headers.get("Datadog-Meta-Tracer-Version"),
            "meta": meta, "metrics": metrics,
        }


def otlp_request(body):
    """An ExportTraceServiceRequest, by OpenTelemetry's own classes."""
    if str(LIBRARIES) not in sys.path:
        sys.path.insert(0, str(LIBRARIES))  # before Debian's python3-protobuf, which is older
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    return trace_service_pb2.ExportTraceServiceRequest.FromString(body)


def attributes(pairs):
    return {pair.key: plain(pair.value) for pair in pairs}


def plain(value):
    """What an AnyValue holds; bytes in hexadecimal."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    held = getattr(value, kind)
    if kind == "array_value":
        return [plain(v) for v in held.values]
    if kind == "kvlist_value":
        return attributes(held.values)
    return held.hex() if kind == "bytes_value" else held


def otlp_spans(request):
    """OpenTelemetry's spans in the form that GET /spans shows. Its ids are numbers there, as Datadog's are."""
    for resource in request.resource_spans:
        about = attributes(resource.resource.attributes)
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            meta = attributes(span.attributes)
            status = meta.get("http.response.status_code", meta.get("http.status_code"))
            yield {
                "service": about.get("service.name"), "operation": span.name, "resource": span.name,
                "status": None if status is None else int(status),
                "error": span.status.code == span.status.STATUS_CODE_ERROR,
                "kind": span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
                "trace_id": int.from_bytes(span.trace_id, "big"), "span_id": int.from_bytes(span.span_id, "big"),
                "parent_id": int.from_bytes(span.parent_span_id, "big"),
                "language": about.get("telemetry.sdk.language"), "tracer": about.get("telemetry.sdk.version"),
                "meta": meta, "metrics": {},
            }


class Store:
    """What arrived. The server answers each connection in a thread of its own."""

    def __init__(self):
        self.lock, self.spans, self.agents = threading.Lock(), [], []

    def add_spans(self, spans):
        with self.lock:
            self.spans += spans
            for span in spans:
                print("span: service={service} operation={operation} resource={resource!r} status={status} "
                      "error={error} by {language} {tracer}".format(**span), flush=True)

    def add_agent(self, service, language, tracer):
        agent = {"service": service, "language": language, "tracer": tracer}
        with self.lock:
            if agent not in self.agents:
                self.agents.append(agent)
                print("agent: service={service} {language} {tracer}".format(**agent), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = Store()

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.body()
        with self.store.lock:
            known = {"/info": INFO, "/spans": self.store.spans, "/agents": self.store.agents}
            answer = json.dumps(known.get(path, {}))
        self.answer(200, answer)

    def do_POST(self):
        path = self.path.partition("?")[0]
        try:
            if path.startswith("/v1/"):
                self.otlp(path, self.body())
            else:
                self.datadog(path, self.body())
        except Exception as error:  # whatever a client sends, the next request must find a listener
            print(f"refused: {self.command} {path}: {error!r}", flush=True)
            self.answer(400, json.dumps({"error": repr(error)}))

    def datadog(self, path, body):
        decode = {"/v0.4/traces": spans_v04, "/v0.5/traces": spans_v05}.get(path)
        if decode:
            self.keep(datadog_spans(decode, body, self.headers))
        elif path.startswith("/telemetry/"):
            about = json.loads(body).get("application", {})
            self.store.add_agent(about.get("service_name"), about.get("language_name"), about.get("tracer_version"))
        self.answer(200, json.dumps(RATES if decode else {}))

    def otlp(self, path, body):
        """Traces are kept; metrics and logs are accepted and dropped."""
        if path == "/v1/traces":
            if self.headers.get_content_type() != PROTOBUF:
                raise ValueError(f"Content-Type is not {PROTOBUF}")
            for span in self.keep(otlp_spans(otlp_request(body))):
                self.store.add_agent(span["service"], span["language"], span["tracer"])
        self.answer(200, "", PROTOBUF)  # each signal's response message, all of it accepted, has no bytes

    do_PUT = do_POST

    def keep(self, spans):
        """Adds the spans, all of which are good, with the address of who sent them."""
        found = [span | {"from": self.client_address[0]} for span in spans]
        self.store.add_spans(found)
        return found

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            data = b"".join(parts)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def answer(self, status, text, kind="application/json"):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is not worth a stack trace."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8126, help="0: any that is free (default: %(default)s)")
    options = parser.parse_args()
    server = Server((options.host, options.port), Handler)
    print(f"listening at {options.host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
