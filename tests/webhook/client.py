"""The API server, as the tests ask it: JSON by http.client, one connection for each thread."""

import http.client
import json
import ssl
import threading

from harness import PATIENCE

PLURALS = {"Namespace": "namespaces", "ServiceAccount": "serviceaccounts", "Pod": "pods", "LimitRange": "limitranges",
           "ResourceQuota": "resourcequotas", "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
           "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
           "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings", "Secret": "secrets", "Role": "roles", "RoleBinding": "rolebindings", "ClusterRole": "clusterroles",
           "ClusterRoleBinding": "clusterrolebindings"}


class Answer:
    """What the API server said to one request."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.audit_id = headers["Audit-Id"]
        self.warnings = [line.split('"', 1)[1].rstrip('"').replace('\\"', '"') for line in headers.get_all("Warning", [])]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def accepted(self):
        return self.status in (200, 201)

    def __repr__(self):
        return f"{self.status}: {self.body.decode(errors='replace')[:2000]}"


class Client:
    """Requests with a bearer token; what fails at all is an exception, what is refused an Answer that says so."""

    def __init__(self, port, token, authority):
        self.port, self.token = port, token
        self.tls = ssl.create_default_context(cafile=str(authority))
        self.own = threading.local()

    def ask(self, method, path, body=None, kind="application/json"):
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)
        text = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.own.connection.request(method, path, text, {"Authorization": f"Bearer {self.token}", "Content-Type": kind})
            answer = self.own.connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            del self.own.connection
            raise

    def done(self, method, path, body=None, **kwargs):
        answer = self.ask(method, path, body, **kwargs)
        assert answer.accepted, f"{method} {path}: {answer!r}"
        return answer.json

    def path(self, thing, namespace=None):
        version = thing["apiVersion"]
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        return root + (f"/namespaces/{namespace}" if namespace else "") + "/" + PLURALS[thing["kind"]]

    def create(self, thing, namespace=None):
        return self.done("POST", self.path(thing, namespace), thing)

    def replace(self, thing, namespace=None, part=""):
        return self.done("PUT", f"{self.path(thing, namespace)}/{thing['metadata']['name']}{part}", thing)

    def remove(self, thing):
        """Deletes a thing that is in no namespace."""
        return self.done("DELETE", f"{self.path(thing)}/{thing['metadata']['name']}")

    def create_pod(self, namespace, pod, dry=False):
        """The answer to a Pod, refused or not. Fields that the API does not know are no error, as for kubectl's --validate=ignore."""
        query = "?fieldValidation=Ignore" + ("&dryRun=All" if dry else "")
        return self.ask("POST", f"/api/v1/namespaces/{namespace}/pods{query}", {"apiVersion": "v1", "kind": "Pod"} | pod)

    def pod(self, namespace, name):
        return self.done("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")

    def delete_pod(self, namespace, name):
        self.done("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0")

    def metrics(self):
        answer = self.ask("GET", "/metrics")
        assert answer.accepted, answer
        return answer.body.decode()
