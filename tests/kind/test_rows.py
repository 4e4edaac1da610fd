"""The example Pods in a real cluster: for every library a request gives its span, and without us none."""

import random

import pytest

from cluster import done, until
from harness import ROOT
from rows import ROWS, ask, assert_traced, manifest


@pytest.fixture(scope="module", params=ROWS, ids=str)
def row(request):
    return request.param


@pytest.fixture(scope="module")
def image(row, image_of):
    return image_of(f"{row.language}/{row.library}")


def any_uid(pod, _):
    """A uid that no image knows, as OpenShift gives them, for all containers; and the application writes nothing."""
    pod["spec"]["securityContext"] |= {"runAsUser": random.randrange(1_000_000_000, 2_000_000_000), "runAsGroup": 0}
    pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = True


def without_us(pod, ours):
    """The proof that the other two prove something: the application's image holds no tracer."""
    app = pod["spec"]["containers"][0]
    del pod["spec"]["initContainers"]
    for where, what in ((pod["spec"], "volumes"), (app, "volumeMounts")):
        where.pop(what, None)
    app["env"] = [variable for variable in app.get("env", []) if variable["name"] not in ours]


@pytest.fixture(scope="module")
def pods(row, image, namespaces, intake, load, load_app, tmp_path_factory):
    """All three at once, in one namespace: (namespace, name of the first)."""
    where = tmp_path_factory.mktemp("pods")
    text = row.pod(load(image, row.library), load_app(row.language), intake.url)
    ours = {variable["name"] for variable in manifest(image).get("environment", [])}
    with namespaces(where, row.enforce) as space:
        space.apply(where, text)
        for change in (without_us,) if row.sidecar else (any_uid, without_us):
            pod = space.parsed(where, text)
            pod["metadata"]["name"] += "-" + change.__name__.replace("_", "-")
            change(pod, ours)
            space.apply(where, pod)
        yield space, space.parsed(where, text)["metadata"]["name"]


def test_application_is_traced(row, image, intake, pods):
    space, name = pods
    assert_traced(row, image, intake, space, name)
    pod = space.pod(name)
    for container, status in zip(pod["spec"]["initContainers"], pod["status"]["initContainerStatuses"], strict=True):
        assert status["restartCount"] == 0, status
        if "restartPolicy" not in container:  # else a sidecar, which installs nothing
            assert container["resources"]["limits"] == {"cpu": "50m", "memory": "64Mi"}
            assert status["state"]["terminated"]["message"].startswith("injector: installed: "), status


def test_any_uid_and_nothing_to_write(row, image, intake, pods):
    space, name = pods
    assert_traced(row, image, intake, space, f"{name}-any-uid")


def test_without_us_no_span(intake, pods):
    space, name = pods
    address = ask(space, f"{name}-without-us")
    with pytest.raises(AssertionError, match="not within"):
        until("a span", lambda: intake.spans(address), seconds=8)


def test_pod_sets_what_the_manifest_says(row, image):
    wanted = done("docker", "run", "--rm", "--network", "none", image, "env", "--output", "kubernetes")
    pairs = [line.strip() for line in wanted.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert bool(pairs) == bool(manifest(image).get("environment"))
    text = row.text.replace('"', "")  # YAML needs few quotes, and whoever generates it has to write all
    assert [pair for pair in pairs if pair.removeprefix("- ").replace('"', "") not in text] == []


def test_every_library_has_a_row():
    assert {f"{row.language}/{row.library}" for row in ROWS} == \
        {f"{at.parent.parent.name}/{at.parent.name}" for at in ROOT.glob("libraries/*/*/library.json")}
