"""Reviews: what the server is asked, by us as by the API server, and what comes of its answers elsewhere."""

import json
import uuid

import jsonpatch

from front import patch_of


def applied(request, said):
    """The Pod of a review with the patch of its response, by a library that is not ours."""
    return jsonpatch.apply_patch(request["object"], patch_of(said))


def review(world, pod, namespace, path="/mutate"):
    """What the server says about a Pod that nobody asked it about."""
    request = {"uid": str(uuid.uuid4()), "operation": "CREATE", "namespace": namespace, "name": "", "object": pod,
               "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}}
    said = world.recorder(path, json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode())
    world.recorder.take()
    response = json.loads(said)["response"]
    assert response["allowed"] and response["uid"] == request["uid"]
    return response
