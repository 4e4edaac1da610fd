"""Golden Pods: created in a real API server through the chart's objects, compared as they are stored."""

import pytest

from front import patch_of
from golden import check_injected, goldens, load, plain
from reviews import applied, review


def create(world, namespace, pod):
    """The answer, which has to be yes, and what is stored."""
    answer = world.client.create_pod(namespace, pod)
    assert answer.accepted, answer
    stored = world.client.pod(namespace, answer.json["metadata"]["name"])
    world.client.delete_pod(namespace, stored["metadata"]["name"])
    return answer, stored


def check_told(world, answer, reason):
    """The reason is told to who creates the Pod, and in the audit log."""
    assert any(warning.startswith(f"injector: {reason}") for warning in answer.warnings), answer.warnings
    notes = world.control_plane.audited(answer)
    assert any("injector/" in key and reason in value for key, value in notes.items()), notes


def check_patched_elsewhere(world, golden, seen, stored):
    """A Pod that another library has patched is stored as the one that the API server has patched."""
    patched = [applied(request, said) for _, request, said in seen if patch_of(said)]
    del patched[-1]["metadata"]["namespace"]
    answer = world.client.create_pod(world.spaces(golden.get("namespace", "plain"), ours=False), patched[-1], dry=True)
    assert answer.accepted, answer
    assert plain(answer.json) == plain(stored)


@pytest.mark.parametrize("at", goldens(), ids=lambda at: at.stem)
def test_golden(at, world):
    golden = load(at)
    kind, second = golden.get("namespace", "plain"), golden.get("second")
    on, off = world.spaces(kind, True, second), world.spaces(kind if "-" not in kind else "plain", False, second)
    _, original = create(world, off, golden["pod"])
    assert world.recorder.take() == []
    answer, stored = create(world, on, golden["pod"])
    seen = world.recorder.take()
    for _, request, said in seen:
        applied(request, said)
    if "untouched" in golden:
        assert seen == [] and plain(stored) == plain(original)
    elif "skipped" in golden:
        assert plain(stored) == plain(original) and seen
        check_told(world, answer, golden["skipped"])
    else:
        check_injected(stored, original, golden)
        assert not patch_of(review(world, stored, on, seen[0][0])), "asked again, it has something to add"
        if second is None:
            check_patched_elsewhere(world, golden, seen, stored)
        if "partial" in golden:
            check_told(world, answer, golden["partial"])
        else:
            assert not [warning for warning in answer.warnings if warning.startswith("injector")], answer.warnings
    if "direct" in golden:
        said = review(world, stored, on)
        assert not patch_of(said) and any(golden["direct"] in note for note in said["auditAnnotations"].values()), said
