"""How ddtrace starts: ddtrace.auto, which from then on instruments by import hooks of its own."""

import logging
import os
import re
import sys

LAST = 0.8  # seconds that each of its own two waits at the end lasts, which are 5 and 3
# or it asks the agent at its start, and waits 2 s for one that hangs
DEFAULTS = {"DD_LLMOBS_AGENTLESS_ENABLED": "0"}


def start():
    if "-musl-" in os.path.basename(tree):
        refuse_old_musl()
    added = [name for name in DEFAULTS if name not in os.environ]
    os.environ.update({name: DEFAULTS[name] for name in added})
    failures = []
    logger = logging.getLogger("ddtrace.bootstrap.sitecustomize")  # where it says what it catches
    keep = lambda record: failures.append((record.exc_info or (None, record.getMessage()))[1])  # noqa: E731
    logger.addFilter(keep)
    present = sys.modules.setdefault("sitecustomize", sys)  # it would run one that has failed again, and fail by that
    try:
        with ours.shown():
            import ddtrace.auto
    finally:
        if present is sys:
            del sys.modules["sitecustomize"]
        logger.removeFilter(keep)
        for name in added:
            del os.environ[name]
    if failures:
        raise failures[0] if isinstance(failures[0], Exception) else RuntimeError(failures[0])
    from ddtrace.internal import native_runtime
    from ddtrace.trace import tracer
    type(tracer).SHUTDOWN_TIMEOUT, native_runtime._DEFAULT_SHUTDOWN_TIMEOUT_MS = LAST, int(LAST * 1000)


def imported(module, integration):
    """It has seen so itself."""


def refuse_old_musl():
    """Their wheels' libgcc_s has DT_RELR. Musl before 1.2.4, Alpine's up to 3.17, ignores it: a crash, no exception."""
    with open("/lib/ld-musl-%s.so.1" % os.uname().machine, "rb") as loader:
        version = re.search(br"\0([0-9]+\.[0-9]+\.[0-9]+)[^\0]*\0", loader.read()).group(1).decode()
    if [int(part) for part in version.split(".")] < [1, 2, 4]:
        raise OSError("musl " + version + " cannot load it, 1.2.4 can (Alpine 3.18)")
