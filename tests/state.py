"""The one invariant of every install, however it ends: what an application sees under a library's names.

Each top-level name is nothing at all, or to the last byte, mode and link what one version has there: the fallback, the
old library or the new one. A version that has no such name agrees with nothing.
"""

import harness

NOTHING = "nothing"


def by_name(tree):
    """A tree, as harness.tree() gives it, by its top-level names, without .injector."""
    names = {}
    for path, entry in sorted(tree.items()):
        if not path.startswith(".injector"):
            names.setdefault(path.split("/")[0], []).append((path, entry))
    return names


def states(found, **versions):
    """{name: the versions that it agrees with, and "nothing" where it is absent}, of trees; none where it is broken."""
    found, versions = by_name(found), {word: by_name(tree) for word, tree in versions.items()}
    names = set(found).union(*versions.values())
    return {name: {word for word, tree in versions.items() if tree.get(name) == found.get(name)}
            | ({NOTHING} if name not in found else set()) for name in sorted(names)}


def state(target, **bundles):
    """What all names of a target agree with, of these bundles: "fallback", "old", "new", or "nothing"."""
    payloads = {word: harness.tree(bundle / "payload") for word, bundle in bundles.items()}
    agreed = set.intersection(*states(harness.payload_of(target), **payloads).values())
    assert agreed, f"{target} is neither of {sorted(bundles)}: {harness.payload_of(target)}"
    return next(word for word in (NOTHING, *bundles) if word in agreed)
