"""A webhook that is dead, slow or wrong: every Pod is created as without it, and the API server says what was missed."""

import contextlib
import json

import pytest

from calling import ASKS, calling, failed_open, injected, missed
from certificates import self_signed
from control_plane import free_ports
from front import Front, Hang, response
from golden import plain
from server import Server

MISSING_PARENT = [{"op": "add", "path": "/spec/initContainers/-", "value": {}}]


def with_uid(make):
    """An answer that is made of the review's uid."""
    return lambda path, review: make(json.loads(review)["request"]["uid"])


def changed(**changes):
    """An answer of ours, changed at one place."""
    def answer(uid):
        review = json.loads(response(uid, MISSING_PARENT))
        review["response"] |= changes
        return json.dumps(review).encode()
    return with_uid(answer)


WRONG = {
    "nothing": lambda *_: b"",
    "no JSON": lambda *_: b"\0\xff garbage {",
    "another object": lambda *_: b'{"apiVersion": "v1", "kind": "Pod"}',
    "no response": lambda *_: b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
    "another uid": changed(uid="other"),
    "a patch that is no base64": changed(patch="%%%"),
    "a patch that is none": changed(patch="Z2FyYmFnZQ=="),
    "an unknown patch": changed(patchType="Merge"),
    "an end in the middle": lambda *_: 1 // 0,
}


def check_missed(control_plane, spaces):
    """A Pod that asks is stored as without the webhook, and the miss is counted and in the audit log."""
    client = control_plane.client
    before = failed_open(client)
    answer = client.create_pod(spaces(), ASKS)
    assert not injected(answer) and missed(answer, control_plane)
    assert failed_open(client) == before + 1
    stored = client.pod(spaces(), answer.json["metadata"]["name"])
    assert plain(stored) == plain(client.create_pod(spaces(ours=False), ASKS, dry=True).json)


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_answer(how, control_plane, client, spaces, certificate):
    with Front(certificate, WRONG[how]) as front, calling(client, spaces, front.url, certificate):
        check_missed(control_plane, spaces)


def test_nobody_there(control_plane, client, spaces, certificate):
    with calling(client, spaces, f"https://127.0.0.1:{free_ports(1)[0]}", certificate):
        check_missed(control_plane, spaces)


def test_no_answer(control_plane, client, spaces, certificate):
    """As the chart has it, a Pod waits for two seconds at the most."""
    hang = Hang()
    with Front(certificate, hang) as front, calling(client, spaces, front.url, certificate, timeout=1):
        try:
            check_missed(control_plane, spaces)
        finally:
            hang.free.set()
    assert hang.asked


def serving(place, certificate):
    return Server(place, certificate, ready=False)


@pytest.mark.parametrize("how", ["expired", "of somebody else", "for another name", "not there yet", "damaged"])
def test_a_certificate(how, have_webhook, control_plane, client, spaces, certificate, tmp_path):
    """Nobody believes it: no Pod is refused, and what Kubernetes asks for readiness says why."""
    served = {"expired": lambda: self_signed(tmp_path, "expired", days=-1),
              "of somebody else": lambda: self_signed(tmp_path, "other"),
              "for another name": lambda: self_signed(tmp_path, "named", ["DNS:webhook.injector.svc"])}.get(how, lambda: None)()
    trusted = served if how in ("expired", "for another name") else certificate
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "webhook", served))
        if how == "damaged":
            (server.certificates / "tls.crt").write_text("-----BEGIN CERTIFICATE-----\ngarbage\n")
            (server.certificates / "tls.key").write_text("")
        stack.enter_context(calling(client, spaces, f"https://127.0.0.1:{server.port}", trusted))
        check_missed(control_plane, spaces)
        assert (server.get("/readyz")[0] == 503) == (how in ("expired", "not there yet", "damaged"))
