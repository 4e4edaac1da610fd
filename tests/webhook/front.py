"""Webhooks of the tests' own, in this process: a second one beside ours, one that shows us what passes, and ones that are broken."""

import base64
import http.client
import http.server
import json
import ssl
import threading

from harness import PATIENCE


class Front:
    """Answers POST with what answer(path, review as bytes) returns as bytes, at a port of its own, while the context lasts.
    certificate is read for each connection anew, so that it may change."""

    def __init__(self, certificate, answer):
        self.certificate, self.answer = certificate, answer

    def __enter__(self):
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                said = front.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def get_request(self):
                connection, address = super().get_request()
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(front.certificate.certificate, front.certificate.key)
                # the handshake is the thread's that reads first
                return tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, request, client_address):
                pass  # a caller that hangs up is what some tests want

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def response(uid, patch=None, **more):
    """A review that allows a Pod, with a JSON Patch where there is one."""
    said = {"uid": uid, "allowed": True} | more
    if patch:
        said |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said}).encode()


def patch_of(said):
    """The JSON Patch in a response; [] where there is none."""
    return json.loads(base64.b64decode(said.get("patch", ""))) if said.get("patch") else []


# What the second webhook adds, where the Pod's annotation second/adds names it: once, as each of its kind does.
ADDITIONS = {
    "container": ("containers", {"name": "proxy", "image": "registry.example/proxy:1"}),
    "sidecar": ("initContainers", {"name": "mesh", "image": "registry.example/mesh:1", "restartPolicy": "Always"}),
    "init": ("initContainers", {"name": "prepare", "image": "registry.example/prepare:1"}),
    "volume": ("volumes", {"name": "second", "emptyDir": {}}),
}


def second(_, review):
    """The second webhook: containers, a label, a wish for a library of ours, a variable of each container."""
    request = json.loads(review)["request"]
    pod, patch = request["object"], []
    metadata, spec = pod["metadata"], pod["spec"]
    wanted = metadata.get("annotations", {}).get("second/adds", "").split(",")
    for place in dict.fromkeys(ADDITIONS[word][0] for word in wanted if word in ADDITIONS):
        things = [ADDITIONS[word][1] for word in wanted if word in ADDITIONS and ADDITIONS[word][0] == place]
        there = spec.get(place, [])
        new = [thing for thing in things if thing["name"] not in [other["name"] for other in there]]
        patch += [{"op": "add", "path": f"/spec/{place}", "value": there + new}] if new else []
    if "annotation" in wanted:
        patch.append({"op": "add", "path": "/metadata/annotations/admission.datadoghq.com~1python-lib.version", "value": "v4"})
    if "label" in wanted and "second" not in metadata.get("labels", {}):
        patch.append({"op": "add", "path": "/metadata/labels", "value": metadata.get("labels", {}) | {"second": "yes"}})
    if "variable" in wanted:
        for at, container in enumerate(spec["containers"]):
            if not any(entry["name"] == "SECOND" for entry in container.get("env", [])):
                patch.append({"op": "add", "path": f"/spec/containers/{at}/env",
                              "value": container.get("env", []) + [{"name": "SECOND", "value": "yes"}]})
    return response(request["uid"], patch)


class Recorder:
    """Passes reviews on to another webhook, and keeps what was asked and said."""

    def __init__(self, port, certificate):
        self.port, self.seen = port, []
        self.tls = ssl.create_default_context(cafile=str(certificate.certificate))
        self.own = threading.local()

    def __call__(self, path, review):
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)
        self.own.connection.request("POST", path, review, {"Content-Type": "application/json"})
        answer = self.own.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, f"{answer.status}: {said!r}"
        self.seen.append((path, json.loads(review)["request"], json.loads(said)["response"]))
        return said

    def take(self):
        """What was seen since the last call: (path, request, response)."""
        taken, self.seen = self.seen, []
        return taken


class Hang:
    """Answers nobody until it is told to."""

    def __init__(self):
        self.free, self.asked = threading.Event(), 0

    def __call__(self, *_):
        self.asked += 1
        self.free.wait(PATIENCE)
        return b""
