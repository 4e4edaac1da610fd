"""Pods at the limits of what Kubernetes stores and the kernel starts: what fits without ours is taken with it."""

import pytest

from front import patch_of

JAVA = {"admission.datadoghq.com/java-lib.version": "v1"}
ANNOTATIONS = 256 << 10  # bytes of all keys and values
VARIABLE = 128 << 10     # bytes of NAME=VALUE and its zero


def pod(annotations, env=()):
    return {"metadata": {"name": "extreme", "annotations": annotations},
            "spec": {"containers": [{"name": "app", "image": "app", "env": list(env)}]}}


def filled():
    """Annotations to the last byte."""
    taken = sum(len(key) + len(value) for key, value in JAVA.items())
    return JAVA | {"x": "y" * (ANNOTATIONS - taken - 1)}


def options(size):
    return {"name": "JAVA_TOOL_OPTIONS", "value": "z" * (size - len("JAVA_TOOL_OPTIONS="))}


def many(count):
    return [{"name": f"V{at}", "value": "v" * 100000} for at in range(count)]


PODS = {  # the Pod, and the name of the reason why it is not injected
    "annotations that are full": (pod(filled()), "too-large"),
    "a variable that is nearly as long as can be": (pod(JAVA, [options(VARIABLE - 10)]), "too-large"),
    "an object that is nearly as large as can be": (pod(JAVA, many(14)), "too-large"),
    "a text that nobody can read": (pod({"admission.datadoghq.com/java-lib.version": "v" * 200000}), "unknown-version"),
    "many texts": (pod({f"admission.datadoghq.com/lib{at}-lib.version": "v" * 100 for at in range(1000)}), "unknown-library"),
}


def create(world, namespace, thing):
    answer = world.client.create_pod(namespace, thing)
    if answer.accepted:
        world.client.delete_pod(namespace, thing["metadata"]["name"])
    return answer


@pytest.mark.parametrize("which", PODS)
def test_a_pod_that_gets_nothing(which, world):
    thing, reason = PODS[which]
    assert create(world, world.spaces(ours=False), thing).accepted
    world.recorder.take()
    answer = create(world, world.spaces(), thing)
    assert answer.accepted, answer
    seen = world.recorder.take()
    assert seen and not any(patch_of(said) for _, _, said in seen)
    assert any(warning.startswith(f"injector: {reason}") for warning in answer.warnings)


def test_a_reason_that_is_long(world):
    """It is told from its beginning, and the other library comes."""
    thing = pod({"admission.datadoghq.com/java-lib.version": "v" * 200000, "admission.datadoghq.com/python-lib.version": "v4"})
    annotations = create(world, world.spaces(), thing).json["metadata"]["annotations"]
    assert annotations["injector/status"] == "partial"
    assert annotations["injector/reasons"].startswith("unknown-version") and len(annotations["injector/reasons"]) <= 1024


def test_a_variable_that_just_fits(world):
    ours = " -javaagent:/injector/dd-java-agent.jar"
    stored = create(world, world.spaces(), pod(JAVA, [options(VARIABLE - 1 - len(ours))])).json
    assert [e["value"].endswith(ours) for e in stored["spec"]["containers"][0]["env"] if e["name"] == "JAVA_TOOL_OPTIONS"] == [True]
