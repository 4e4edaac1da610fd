"""A control plane for all tests of the suite, our server, and the objects that make the one call the other."""

import os
import types

import pytest

pytest.register_assert_rewrite("golden", "reviews")  # before they are imported

from certificates import self_signed
from cluster import Spaces, chart_objects, second_object
from control_plane import ControlPlane, missing
from front import Front, Recorder, second
from harness import until
from server import WEBHOOK, Server

ASKING = {"metadata": {"name": "asking", "annotations": {"injector/any": "thing"}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory):
    if missing():
        pytest.skip(missing())
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def client(control_plane):
    return control_plane.client


@pytest.fixture(scope="session")
def spaces(client):
    return Spaces(client)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"), "webhook")


@pytest.fixture(scope="session")
def have_webhook():
    if not os.access(WEBHOOK, os.X_OK):
        pytest.exit(f"{WEBHOOK} is not there: run scripts/build first", 2)


@pytest.fixture(scope="module")
def world(have_webhook, control_plane, client, spaces, certificate, tmp_path_factory):
    """Our server, called through the chart's object and a recorder, and a second webhook before and after it."""
    with Server(tmp_path_factory.mktemp("webhook"), certificate) as server:
        recorder = Recorder(server.port, certificate)
        with Front(certificate, recorder) as front, Front(certificate, second) as other:
            objects = [chart_objects(front.url, certificate)] + [second_object(when, other.url, certificate) for when in ("before", "after")]
            for thing in objects:
                client.create(thing)

            def called():
                client.create_pod(spaces(), ASKING, dry=True)
                return recorder.take()

            def labelled():
                pods = [client.create_pod(spaces(second=when), adding("label"), dry=True).json for when in ("before", "after")]
                return all(pod["metadata"].get("labels") for pod in pods)

            until(called)
            until(labelled)
            yield types.SimpleNamespace(server=server, recorder=recorder, client=client, spaces=spaces, control_plane=control_plane)
            for thing in objects:
                client.remove(thing)
            until(lambda: not called() and not labelled())


def adding(what):
    """A Pod that the second webhook has something to add to."""
    return {"metadata": {"name": "adding", "annotations": {"second/adds": what}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
