"""What the tests have in the API server: namespaces of several kinds, and the objects that call webhooks."""

import base64
import json
import shutil

import pytest
import yaml

from harness import ROOT, run, until

OFF = {"key": "injector-test/ours", "operator": "NotIn", "values": ["off"]}


def limit_range(**limits):
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [{"type": "Container"} | limits]}}


def quota():
    hard = {"requests.cpu": "100", "requests.memory": "100Gi", "limits.cpu": "100", "limits.memory": "100Gi"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": hard},
            "status": {"hard": hard, "used": {name: "0" for name in hard}}}  # a controller's part, which is not there


# kind → (labels, objects)
KINDS = {
    "plain": ({}, []),
    "restricted": ({"pod-security.kubernetes.io/enforce": "restricted"}, []),
    "minimum": ({}, [limit_range(min={"cpu": "100m", "memory": "64Mi"})]),
    "defaults": ({}, [limit_range(default={"cpu": "200m", "memory": "128Mi"}, defaultRequest={"cpu": "100m", "memory": "64Mi"})]),
    "quota": ({}, [quota()]),
    "payments": ({"team": "payments"}, []),
    "baseline": ({"pod-security.kubernetes.io/enforce": "baseline"}, []),
    "privileged": ({"pod-security.kubernetes.io/enforce": "privileged"}, []),
    "privilegedminimum": ({"pod-security.kubernetes.io/enforce": "privileged"}, [limit_range(min={"cpu": "100m", "memory": "64Mi"})]),
    "privilegedquota": ({"pod-security.kubernetes.io/enforce": "privileged"}, [quota()]),
}


def pod_of(resources):
    return {"metadata": {"generateName": "probe-"}, "spec": {"containers": [{"name": "app", "image": "app", "resources": resources}]}}


class Spaces:
    """Namespaces, made when they are asked for: one of each kind, with and without our webhook, with and without a second."""

    def __init__(self, client):
        self.client, self.made = client, set()

    def __call__(self, kind="plain", ours=True, second=None):
        name = kind if kind not in KINDS else f"{kind}-{'on' if ours else 'off'}-{second or 'alone'}"
        if name not in self.made:
            self.create(name, kind, ours, second)
            self.made.add(name)
        return name

    def create(self, name, kind, ours, second):
        labels, things = KINDS.get(kind, ({}, []))
        labels = labels | ({} if ours else {"injector-test/ours": "off"}) | ({"injector-test/second": second} if second else {})
        if self.client.ask("GET", f"/api/v1/namespaces/{name}").status == 404:
            self.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        self.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, name)
        for thing in things:
            thing = self.client.create(thing, name) | ({"status": thing["status"]} if "status" in thing else {})
            if "status" in thing:
                self.client.replace(thing, name, "/status")
        self.settle(name, kind)

    def settle(self, name, kind):
        """Waits until the namespace's rules are in force."""
        def ask(resources):
            return self.client.create_pod(name, pod_of(resources), dry=True)

        def in_force():
            if kind.endswith("minimum"):
                return not ask({"requests": {"cpu": "1m", "memory": "1Mi"}}).accepted
            if kind.endswith("quota"):
                return not ask({}).accepted
            return kind != "defaults" or "requests" in ask({}).json["spec"]["containers"][0]["resources"]

        until(in_force)


def bundle(*certificates):
    return base64.b64encode("".join(certificate.text for certificate in certificates).encode()).decode()


def chart_objects(url, *certificates):
    """The chart's own webhook object: only who is called differs, and namespaces labelled injector-test/ours=off are left out."""
    if not shutil.which("helm"):
        pytest.skip("no helm on the PATH: it renders the webhook object")
    rules = [{"name": "payments", "profile": "payments", "namespaceSelector": {"matchLabels": {"team": "payments"}}}]
    done = run("helm", "template", "injector", ROOT / "charts/injector", "--namespace", "injector",
               "--set-json", f"rules={json.dumps(rules)}", "--set", "sidecars=true")
    assert done.returncode == 0, done.stderr
    objects = [thing for thing in yaml.safe_load_all(done.stdout) if thing and thing["kind"] == "MutatingWebhookConfiguration"]
    assert len(objects) == 1
    for entry in objects[0]["webhooks"]:
        entry["clientConfig"] = {"url": url + entry["clientConfig"]["service"]["path"], "caBundle": bundle(*certificates)}
        entry["namespaceSelector"].setdefault("matchExpressions", []).append(OFF)
    return objects[0]


def second_object(when, url, certificate):
    """A second webhook: those of one object are called in order of its name, so that a- comes before ours and z- after."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": ("a-" if when == "before" else "z-") + "second"},
        "webhooks": [{
            "name": "second.example.com", "clientConfig": {"url": url, "caBundle": bundle(certificate)},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "reinvocationPolicy": "IfNeeded",
            "namespaceSelector": {"matchLabels": {"injector-test/second": when}},
        }],
    }
