"""What is proved in the cluster, a row for every library, and how."""

import dataclasses
import functools
import json

from cluster import done, until
from harness import ROOT

BACKENDS = ("http://datadog-agent.datadog.svc:8126", "http://collector.observability.svc:4318")


@dataclasses.dataclass(frozen=True)
class Row:
    """A library with its example Pod, and the span that a request to /hello gives."""

    language: str
    library: str
    file: str
    service: str
    operation: str
    resource: str
    enforce: str = "restricted"  # the Pod Security Standard of the namespace

    def __str__(self):
        return self.library

    @property
    def sidecar(self):
        """Whether it runs beside the application, and installs nothing."""
        return self.language == "go"

    @property
    def text(self):
        return (ROOT / "images/pods" / self.file).read_text()

    def pod(self, injector=None, app=None, backend=None):
        """The example Pod with other images and another backend, and nothing else changed. Go's image is in it twice."""
        text = self.text
        for old, new, most in ((f"registry.example/injector-{self.language}:{self.library}", injector, 2),
                               (f"registry.example/{self.language}-app:1.0.0", app, 1),
                               (next(b for b in BACKENDS if b in text), backend, 1)):
            assert 1 <= text.count(old) <= most, f"{self.file}: {old}"
            text = text.replace(old, new or old)
        return text

    @property
    def span(self):
        return {"service": self.service, "operation": self.operation, "resource": self.resource, "status": 200,
                "error": False, "kind": "server", "language": self.language}


ROWS = [
    Row("java", "dd-java-agent", "java.yaml", "java-app", "servlet.request", "GET /hello"),
    Row("java", "opentelemetry-javaagent", "java-opentelemetry.yaml", "java-app", "GET /hello", "GET /hello"),
    Row("python", "ddtrace", "python.yaml", "python-app", "flask.request", "GET /hello"),
    Row("python", "opentelemetry-python", "python-opentelemetry.yaml", "python-app", "GET /hello", "GET /hello"),
    Row("nodejs", "dd-trace", "nodejs.yaml", "nodejs-app", "web.request", "GET"),
    Row("nodejs", "opentelemetry-nodejs", "nodejs-opentelemetry.yaml", "nodejs-app", "GET", "GET"),
    Row("dotnet", "opentelemetry-dotnet", "dotnet.yaml", "dotnet-app", "GET /hello", "GET /hello"),
    Row("go", "opentelemetry-go", "go.yaml", "go-app", "GET /hello", "GET /hello", enforce="privileged"),
]


@functools.cache
def manifest(image):
    return json.loads(done("docker", "run", "--rm", "--network", "none", image, "inspect", "--output", "json"))


def ask(space, pod):
    """Sends a request, and returns the Pod's address."""
    assert until(f"{pod} answers", lambda: space.get(pod, 8080, "/hello"), seconds=240) == "hello\n"
    return space.pod(pod)["status"]["podIP"]


def assert_traced(row, image, intake, space, pod):
    address = ask(space, pod)

    def server_spans():
        if row.sidecar:  # it comes to a program that runs already, and does not see what was before
            space.get(pod, 8080, "/hello")
        return [span for span in intake.spans(address) if span["kind"] == "server"]
    server = until("a server span", server_spans, seconds=60)[0]
    assert {key: server[key] for key in row.span} == row.span, server
    if "DD_TRACE_AGENT_URL" in row.text:  # its tracer and its library have one version; OpenTelemetry's have not
        assert server["tracer"].split("~")[0] == manifest(image)["version"]
