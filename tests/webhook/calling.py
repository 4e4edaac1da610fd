"""The API server told to call some webhook, and what it says about calls that failed."""

import contextlib
import re

from cluster import chart_objects
from harness import until

ASKS = {"metadata": {"generateName": "asks-", "annotations": {"admission.datadoghq.com/java-lib.version": "v1"}},
        "spec": {"containers": [{"name": "app", "image": "app"}]}}
# Long enough for any machine: what a test is about is not whether an answer comes in time.
TIMEOUT = 25


def failed_open(client):
    """How many calls of our webhook failed and let a Pod through, by the API server's own count."""
    counts = re.findall(r'^apiserver_admission_webhook_fail_open_count\{name="pods\.[^}]*\} (\d+)', client.metrics(), re.MULTILINE)
    return sum(map(int, counts))


def injected(answer):
    """Whether a Pod was injected; it must have been accepted in any case."""
    assert answer.accepted, answer
    return "injector/status" in answer.json["metadata"].get("annotations", {})


def missed(answer, control_plane):
    """Whether the audit log says that a call failed for this Pod."""
    return any(key.startswith("failed-open.mutation.webhook.admission.k8s.io/") for key in control_plane.audited(answer))


@contextlib.contextmanager
def calling(client, spaces, url, *certificates, timeout=TIMEOUT):
    """While the context lasts a Pod that asks is shown to the webhook at the URL; a function gives it other certificates."""

    def made(*trusted):
        thing = chart_objects(url, *trusted)
        for entry in thing["webhooks"]:
            entry["timeoutSeconds"] = timeout
        return thing

    def attempted():
        before = failed_open(client)
        return injected(client.create_pod(spaces(), ASKS, dry=True)) or failed_open(client) > before

    def trust(*trusted):
        now = client.done("GET", client.path(made(*trusted)) + "/" + thing["metadata"]["name"])
        client.replace(made(*trusted) | {"metadata": thing["metadata"] | {"resourceVersion": now["metadata"]["resourceVersion"]}})

    thing = made(*certificates)
    client.create(thing)
    try:
        until(attempted)
        yield trust
    finally:
        client.remove(thing)
        until(lambda: not attempted())
