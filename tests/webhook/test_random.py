"""Random Pods: what the API server takes without our webhook it takes with it, and nothing of it is lost."""

import collections
import json
import os
import random

import jsonpatch

from front import patch_of
from golden import EVICTABLE, plain
from harness import LONG
from random_pods import Pods
from reviews import applied, review

SEED = int(os.environ.get("INJECTOR_TEST_SEED", "1"))
COUNT = 10000 if LONG else 300


def only_theirs(pod):
    """A stored Pod without anything that can be ours, and without variables, which are looked at by themselves. The volume of
    Kubernetes' own token comes with the first container that has nothing at its place, which can be ours."""
    pod = plain(pod)
    spec, annotations = pod["spec"], pod["metadata"].pop("annotations", {})
    pod["metadata"]["annotations"] = {key: value for key, value in annotations.items()
                                      if not key.startswith("injector/") and key != EVICTABLE}
    for place, ours in (("volumes", "injector"), ("volumes", "kube-api-access"), ("imagePullSecrets", "registry"), ("initContainers", "injector-")):
        spec[place] = [thing for thing in spec.get(place) or [] if not thing.get("name", "").startswith(ours)]
    for container in spec["containers"] + spec["initContainers"]:
        container.pop("env", None)
        container["volumeMounts"] = [mount for mount in container.get("volumeMounts", []) if mount["name"] != "injector"]
    return pod


def kept(entry, env):
    """Whether a variable of the user's is still there: as it was, within a longer value, or under another name."""
    for now in env:
        renamed = entry | {"name": "INJECTOR_" + entry["name"]}
        longer = "valueFrom" not in entry and now["name"] == entry["name"] and entry.get("value", "") in now.get("value", "")
        if now in (entry, renamed) or longer:
            return True
    return False


def keys(env):
    """How often each key stands in a list of attributes."""
    lists = [entry.get("value", "") for entry in env if entry["name"] == "OTEL_RESOURCE_ATTRIBUTES"]
    return collections.Counter(attribute.partition("=")[0].strip() for text in lists for attribute in text.split(","))


def more_often(now, before):
    return {name for name, count in now.items() if count > max(1, before[name])}


def check_kept(before, after):
    theirs, left = only_theirs(before), only_theirs(after)
    if "injector-opentelemetry-go" in [container["name"] for container in after["spec"].get("initContainers") or []]:
        theirs["spec"].setdefault("shareProcessNamespace", True)  # what runs beside needs it
    assert list(jsonpatch.make_patch(theirs, left)) == []
    now = {c["name"]: c.get("env", []) for c in after["spec"].get("initContainers", []) + after["spec"]["containers"]}
    for container in before["spec"].get("initContainers", []) + before["spec"]["containers"]:
        env, names = now[container["name"]], collections.Counter(entry["name"] for entry in container.get("env", []))
        assert all(kept(entry, env) for entry in container.get("env", []))
        assert not more_often(collections.Counter(entry["name"] for entry in env), names)
        assert not more_often(keys(env), keys(container.get("env", [])))


def check(world, pod, on, off, path):
    """Whether the API server takes the Pod, and whether it was changed."""
    raw = review(world, pod, off, path)
    patched = applied({"object": pod}, raw)
    before = world.client.create_pod(off, pod, dry=True)
    if not before.accepted:
        return False, False
    after = world.client.create_pod(on, pod, dry=True)
    for _, request, said in world.recorder.take():
        applied(request, said)
    assert after.accepted, after
    check_kept(before.json, after.json)
    # As it was written, with unknown fields and nulls, none of which the API server passes on.
    direct = world.client.create_pod(off, patched, dry=True)
    assert direct.accepted, direct
    return True, bool(patch_of(raw))


def test_random_pods(world):
    made = collections.Counter()
    for number in range(COUNT):
        kind = ("payments", "privileged", "plain", "plain")[number % 4]
        on, off = world.spaces(kind), world.spaces(kind, ours=False)
        pod = {"apiVersion": "v1", "kind": "Pod"} | Pods(random.Random(f"{SEED} {number}")).pod()
        try:
            accepted, changed = check(world, pod, on, off, "/mutate/sidecars" if kind == "privileged" else "/mutate")
        except AssertionError as error:
            raise AssertionError(f"INJECTOR_TEST_SEED={SEED}, Pod {number}: {json.dumps(pod)}\n{error}") from error
        made.update(accepted=accepted, changed=changed)
    print(f"seed {SEED}: of {COUNT} Pods {made['accepted']} taken by the API server, {made['changed']} of these injected")
    assert made["accepted"] > COUNT / 2 and made["changed"] > COUNT / 6
