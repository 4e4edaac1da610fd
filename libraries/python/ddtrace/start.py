# For sitecustomize.py: the package that an application may bring itself, and how ours is started.
PACKAGE = "ddtrace"


def start():
    import ddtrace.auto  # noqa: F401
