"""kubectl, as the tests use it."""

import json
import os
import secrets
import sys
import time

from harness import run

CLUSTER = os.environ.get("INJECTOR_TEST_CLUSTER", "kind")


def done(*argv, **kwargs):
    """Runs a command that must succeed, and returns what it printed."""
    result = run(*argv, **kwargs)
    assert result.returncode == 0, f"{' '.join(map(str, argv))}: {result.stdout}{result.stderr}"
    return result.stdout


def until(what, probe, seconds=120):
    """Calls probe until it returns something true, and returns that."""
    end = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)
    return found


class Namespace:
    """kubectl in one namespace."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def create(cls, where, enforce):
        """A new one, once Pods can be made in it."""
        space = cls(f"injector-test-{secrets.token_hex(4)}")
        space.apply(where, {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": space.name, "labels": {"pod-security.kubernetes.io/enforce": enforce}}})
        until("a service account", lambda: space.try_kubectl("get", "serviceaccount", "default").returncode == 0)
        return space

    def try_kubectl(self, *argv):
        return run("kubectl", "--context", f"kind-{CLUSTER}", "--namespace", self.name, *argv)

    def kubectl(self, *argv):
        return done("kubectl", "--context", f"kind-{CLUSTER}", "--namespace", self.name, *argv)

    def apply(self, where, text):
        """Applies YAML text or a Pod as a dictionary."""
        path = where / "manifest.yaml"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        self.kubectl("apply", "-f", path)

    def parsed(self, where, text):
        """YAML as a dictionary, by kubectl's parser."""
        path = where / "parse.yaml"
        path.write_text(text)
        return json.loads(self.kubectl("create", "--dry-run=client", "-o", "json", "-f", path))

    def pod(self, name):
        return json.loads(self.kubectl("get", "pod", name, "-o", "json"))

    def get(self, pod, port, path):
        """What a Pod answers to GET, by the API server; None while it does not."""
        reply = self.try_kubectl("get", "--raw", f"/api/v1/namespaces/{self.name}/pods/{pod}:{port}/proxy{path}")
        return reply.stdout if reply.returncode == 0 else None

    def get_json(self, pod, port, path):
        """The same, parsed; an empty list while it does not answer."""
        return json.loads(self.get(pod, port, path) or "[]")

    def show(self):
        """What a person would look at after a failure."""
        logs = [["logs", pod, "--all-containers", "--prefix", "--tail=50"]
                for pod in self.try_kubectl("get", "pods", "-o", "name").stdout.split()]
        for argv in (["get", "pods", "-o", "wide"], ["describe", "pods"], *logs):
            shown = self.try_kubectl(*argv)
            print(f"$ kubectl {' '.join(argv)}\n{shown.stdout}{shown.stderr}", file=sys.stderr)
