"""`webhook serve`, as the tests run it."""

import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

from catalog import catalog
from control_plane import free_ports
from harness import PATIENCE, ROOT, until

WEBHOOK = os.environ.get("INJECTOR_TEST_WEBHOOK", str(ROOT / "build/bin/webhook"))

CONFIGURATION = {
    "registry": "registry.example/observability",
    "namespace": "injector",
    "imagePullSecrets": ["registry"],
    "profiles": {
        "default": {"variables": [{"name": "DD_AGENT_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]},
        "payments": {"libraries": {"dd-java-agent": "v1.63"}, "variables": [{"name": "TEAM", "value": "payments"}]},
        "jdk": {"rename": {"JAVA_TOOL_OPTIONS": "JDK_JAVA_OPTIONS"}},
        "attributes": {"variables": [
            {"name": "ZONE", "value": "a"},
            {"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "service.name=profile,team=profile,zone=$(ZONE)", "vocabulary": "opentelemetry"}]},
    },
    "rules": [{"name": "payments", "profile": "payments"}, {"name": "sidecars", "profile": "default", "sidecars": True}],
    "images": [{"image": "registry.example/tuned:*", "variables": {"JAVA_TOOL_OPTIONS": "-Xmx1g", "OTEL_RESOURCE_ATTRIBUTES": "service.name=image"}}],
}


def write_inputs(where, configuration=None):
    """The configuration and the catalog in a directory, as `webhook` reads them; its words for both."""
    files = {"--configuration": where / "configuration.json", "--catalog": where / "catalog.json"}
    for at, content in zip(files.values(), (configuration or CONFIGURATION, catalog())):
        at.write_text(json.dumps(content))
    return [str(word) for pair in files.items() for word in pair]


class Server:
    """`webhook serve` while the context lasts. directory gets its files; certificate is stored there unless it is None. It is
    waited for until it is ready, or with ready=False until it lives."""

    def __init__(self, directory, certificate, configuration=None, ready=True, drain=None):
        self.awaited, self.drain = "/readyz" if ready else "/healthz", [] if drain is None else ["--drain", str(drain)]
        self.directory, self.certificates = pathlib.Path(directory), pathlib.Path(directory, "certificates")
        self.certificates.mkdir(parents=True, exist_ok=True)
        self.inputs = write_inputs(self.directory, configuration)
        if certificate:
            certificate.store(self.certificates)
        self.port, self.metrics_port = free_ports(2)
        self.log = self.directory / "log"

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [WEBHOOK, "serve", *self.inputs, "--certificates", self.certificates, "--listen", f"127.0.0.1:{self.port}",
                 "--metrics", f"127.0.0.1:{self.metrics_port}", *self.drain], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.get(self.awaited)[0] == 200 or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def get(self, path):
        """(status, body) of a path at the port of the metrics; (None, "") where nobody answers."""
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    f"http://127.0.0.1:{self.metrics_port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None, ""
