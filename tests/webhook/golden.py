"""A golden Pod: what a user writes, and by which rule what is stored differs from it.

golden/NAME.yaml has
  rule        where it is from: ADMISSION.md's sections (A.1 to B.4), or points of the webhook's own design (5 to 9)
  namespace   one of cluster.KINDS; plain if absent
  second      before or after: a second webhook, which does what the Pod's annotation second/adds says
  pod         as its user writes it; its name is shop
and one of
  untouched   true: the webhook is never called
  skipped     the name of the reason: stored as without the webhook
  injected    library → version, in the order of their init containers, with
    init        library → what its init container has unlike the others
    containers  name → its whole env as stored: NAME=VALUE, NAME<FIELD of the Pod, or an entry as Kubernetes writes it.
                What the Pod's user wrote keeps its order, and comes after all that is new
    beside      library → the env of its sidecar, in the same form; the Pod's processes are shared then. Where there is no
                other library, there is no volume
    partial     the name of a reason, where something that the Pod says was not followed
and beside them
  direct      the name of the reason when a review comes all the same
  evictable   the annotation that lets the autoscaler evict the Pod; injector if absent
"""

import copy
import json
import pathlib
import re

import jsonpatch
import yaml

from catalog import BYTES, ONE, VERSIONS, image_of
from harness import ROOT

REGISTRY = "registry.example/observability"
EVICTABLE = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
              "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def load(at):
    golden = yaml.safe_load(at.read_text())
    metadata = golden["pod"].setdefault("metadata", {})
    if "generateName" not in metadata:
        metadata["name"] = "shop"
    return golden


def goldens():
    return sorted((pathlib.Path(__file__).parent / "golden").glob("*.yaml"))


def plain(pod):
    """A stored Pod without what differs between any two of them, and without the token that Kubernetes mounts by itself."""
    pod = json.loads(re.sub(r"kube-api-access-[a-z0-9]{5}", "kube-api-access", json.dumps(pod)))
    if "generateName" in pod["metadata"]:
        pod["metadata"].pop("name", None)
    for key in ("uid", "creationTimestamp", "resourceVersion", "managedFields", "namespace"):
        pod["metadata"].pop(key, None)
    for condition in pod["status"].get("conditions", []):
        del condition["lastTransitionTime"]
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        mounts = [m for m in container.get("volumeMounts", []) if m["name"] != "kube-api-access"]
        container.pop("volumeMounts", None)
        if mounts:
            container["volumeMounts"] = mounts
    return pod


def taken(things, name):
    """Takes the one of that name out of a list of named things."""
    found = [thing for thing in things if thing["name"] == name]
    assert len(found) == 1, f"{name} is there {len(found)} times: {things}"
    things.remove(found[0])
    return found[0]


def overlay(base, changes):
    """base with changes laid over it; None takes a key away."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = overlay(result.get(key, {}), value) if isinstance(value, dict) and key == "securityContext" else value
    return result


def init_container(library, changes):
    """What the API server stores of an init container of ours."""
    return overlay({
        "name": f"injector-{library}",
        "command": ["/injector", "install", "--target=/target", "--on-failure=continue"],
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "injector", "mountPath": "/target"}],
        "resources": {},
        "securityContext": RESTRICTED,
    }, changes)


def sidecar(library, changes):
    """What the API server stores of a container that runs a library beside the application."""
    capabilities = json.loads(next(ROOT.glob(f"libraries/*/{library}/library.json")).read_text())["sidecar"]["capabilities"]
    return overlay(init_container(library, {}), {
        "command": ["/injector", "run", "--on-failure=continue", f"{library}/agent"], "restartPolicy": "Always", "volumeMounts": None,
        "securityContext": {"allowPrivilegeEscalation": None, "runAsNonRoot": False, "runAsUser": 0,
                            "capabilities": {"add": capabilities, "drop": ["ALL"]}}} | changes)


def variable(text):
    """A variable as Kubernetes stores it, from its short form."""
    if not isinstance(text, str):
        return text
    name, sign, value = re.fullmatch(r"([^=<]+)([=<])(.*)", text, re.DOTALL).groups()
    if sign == "<":
        return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": value}}}
    return {"name": name} | ({"value": value} if value else {})


def check_env(stored, original, expected):
    """All variables are the expected ones, no name is there twice that was not before, and new ones, whose order among
    themselves is free, come before the user's."""
    stored, expected = stored or [], [variable(text) for text in expected]
    known = {entry["name"] for entry in original or []} | {f"INJECTOR_{entry['name']}" for entry in original or []}
    new = [entry for entry in expected if entry["name"] not in known]
    old = [entry for entry in expected if entry["name"] in known]
    assert sorted(stored[:len(new)], key=lambda e: e["name"]) == sorted(new, key=lambda e: e["name"])
    assert stored[len(new):] == old


def bytes_of(quantity):
    number, unit = re.fullmatch(r"([0-9]+)([a-zA-Z]*)", quantity).groups()
    return int(number) * UNITS[unit]


def check_volume(volume, libraries):
    """One emptyDir with room for all payloads and for what the injector keeps beside them, and no more than twice that."""
    size = bytes_of(volume["emptyDir"].pop("sizeLimit"))
    assert BYTES * libraries < size <= 2 * BYTES * libraries + (64 << 20)
    assert volume == {"name": "injector", "emptyDir": {}}


def installed(golden):
    """The libraries that have a place in the volume."""
    return golden["injected"].keys() - golden.get("beside", {}).keys()


def check_annotations(annotations, golden):
    injected = golden["injected"]
    assert json.loads(annotations.pop("injector/libraries")) == injected
    assert annotations.pop("injector/status") == ("partial" if "partial" in golden else "injected")
    reasons = annotations.pop("injector/reasons", "")
    assert golden["partial"] in reasons if "partial" in golden else reasons == ""
    if installed(golden):
        assert annotations.pop(EVICTABLE) == golden.get("evictable", "injector")


def take_container(container, original, expected):
    """Takes away what a container got."""
    mount = taken(container["volumeMounts"], "injector")
    assert mount == {"name": "injector", "mountPath": "/injector", "readOnly": True}
    if not container["volumeMounts"]:
        del container["volumeMounts"]
    check_env(container.pop("env", None), original.get("env"), expected)
    if "env" in original:
        container["env"] = original["env"]


def check_init_containers(spec, golden):
    """Ours are first, in order, as they should be; takes them away."""
    ours = [spec["initContainers"].pop(0) for _ in golden["injected"]]
    if not spec["initContainers"]:
        del spec["initContainers"]
    for container, (library, version) in zip(ours, golden["injected"].items()):
        changes = golden.get("init", {}).get(library, {})
        image = container.pop("image")
        if "image" in changes:
            assert image == changes["image"]
        else:
            check_image(image, library, version)
        changes = {k: v for k, v in changes.items() if k != "image"}
        if library in golden.get("beside", {}):
            check_env(container.pop("env"), None, golden["beside"][library])
            assert container == sidecar(library, changes)
        else:
            assert container == init_container(library, changes)


def check_image(image, library, version):
    digest = next(known[1] for known in VERSIONS.get(library, ONE) if known[0] == version)
    named = f"{REGISTRY}/{image_of(library, version)}"
    assert image in ([f"{named}@{digest}", f"{named.rsplit(':', 1)[0]}@{digest}"] if digest else [named])


def check_injected(stored, original, golden):
    """The stored Pod is what golden says; without that it is the one that is stored without the webhook."""
    stored, original = plain(stored), plain(original)
    check_annotations(stored["metadata"]["annotations"], golden)
    if "annotations" not in original["metadata"]:
        assert stored["metadata"].pop("annotations") == {}
    if installed(golden):
        original["metadata"].get("annotations", {}).pop(EVICTABLE, None)
    spec, before = stored["spec"], original["spec"]
    check_init_containers(spec, golden)
    if installed(golden):
        check_volume(taken(spec["volumes"], "injector"), len(installed(golden)))
    if "beside" in golden:
        assert spec.pop("shareProcessNamespace") is True
        before.pop("shareProcessNamespace", None)
    if not spec["volumes"] and "volumes" not in before:
        del spec["volumes"]
    secrets = spec.pop("imagePullSecrets")
    own = before.pop("imagePullSecrets", [])
    assert secrets == own + [{"name": "registry"}] * ({"name": "registry"} not in own)
    for place in ("containers", "initContainers"):
        for container, old in zip(spec.get(place, []), before.get(place, [])):
            if container["name"] in golden["containers"]:
                take_container(container, old, golden["containers"][container["name"]])
    assert list(jsonpatch.make_patch(original, stored)) == []  # of their status too: the QoS class is the same
