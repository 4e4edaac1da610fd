"""How ddtrace starts: ddtrace.auto, which from then on instruments by import hooks of its own."""

import _thread
import atexit
import logging
import os
import re
import sys
import time

LAST = 1.2  # seconds that the end of a process waits for the agent; where SIGTERM ends it, nearly twice that
# or it asks the agent at its start, and waits 2 s for one that hangs
DEFAULTS = {"DD_LLMOBS_AGENTLESS_ENABLED": "0"}
atexit_register = atexit.register
start_thread, allocate_lock = _thread.start_new_thread, _thread.allocate_lock  # what gevent has not patched yet


def start():
    if "-musl-" in os.path.basename(tree):
        refuse_old_musl()
    added = [name for name in DEFAULTS if name not in os.environ]
    os.environ.update({name: DEFAULTS[name] for name in added})
    failures = []
    logger = logging.getLogger("ddtrace.bootstrap.sitecustomize")  # where it says what it catches
    keep = lambda record: failures.append((record.exc_info or (None, record.getMessage()))[1])  # noqa: E731
    logger.addFilter(keep)
    atexit.register = register
    present = sys.modules.setdefault("sitecustomize", sys)  # it would run one that has failed again, and fail by that
    try:
        with ours.shown():
            import ddtrace.auto
    finally:
        atexit.register = atexit_register
        if present is sys:
            del sys.modules["sitecustomize"]
        logger.removeFilter(keep)
        for name in added:
            del os.environ[name]
    if failures:
        raise failures[0] if isinstance(failures[0], Exception) else RuntimeError(failures[0])
    # the waits that have a limit, on SIGTERM, too; they end before LAST, so that no thread of theirs wakes up after it
    from ddtrace.internal import native_runtime
    from ddtrace.trace import tracer
    type(tracer).SHUTDOWN_TIMEOUT, native_runtime._DEFAULT_SHUTDOWN_TIMEOUT_MS = LAST * 0.6, int(LAST * 200)


def imported(module, integration):
    """It has seen so itself."""


def refuse_old_musl():
    """Their wheels' libgcc_s has DT_RELR. Musl before 1.2.4, Alpine's up to 3.17, ignores it: a crash, no exception."""
    with open("/lib/ld-musl-%s.so.1" % os.uname().machine, "rb") as loader:
        version = re.search(br"\0([0-9]+\.[0-9]+\.[0-9]+)[^\0]*\0", loader.read()).group(1).decode()
    if [int(part) for part in version.split(".")] < [1, 2, 4]:
        raise OSError("musl " + version + " cannot load it, 1.2.4 can (Alpine 3.18)")


class Bounded:
    """What it registers for the end of the process. Its own waits add up to 20 s where the agent hangs, most of them in
    compiled code and without a limit; all together they have LAST here."""

    ends = []  # when the first of them must have ended, by then

    def __init__(self, function):
        self.function = function

    def __eq__(self, other):  # for atexit.unregister
        return other in (self.function, getattr(other, "function", None))

    def __call__(self, *args, **kwargs):
        gevent = sys.modules.get("gevent.monkey")
        if "uwsgi" in sys.modules or gevent and gevent.is_module_patched("threading"):
            return self.function(*args, **kwargs)  # its threads are not threads, or not Python's
        self.ends.append(time.monotonic() + LAST)
        done = allocate_lock()
        done.acquire()

        def run():
            try:
                self.function(*args, **kwargs)
            finally:
                done.release()

        try:
            start_thread(run, ())
        except RuntimeError:  # CPython 3.12.0 and 3.12.1 start none at their end
            run()
        if not done.acquire(timeout=max(0, self.ends[0] - time.monotonic())):
            leave_it_running()



def leave_it_running():
    """What its threads are in the middle of has to stay where it is: neither Python's own end frees it, nor the
    destructors of compiled code, for the process ends before them, with the status that it has by then."""
    import ctypes
    import gc
    from ddtrace.internal._threads import PeriodicThread
    for thread in gc.get_objects():
        if isinstance(thread, PeriodicThread):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(thread))
            thread.stop()
    time.sleep(0.1)  # those that only sleep end now
    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):  # not on musl
        libc.on_exit(libc._exit, None)


def register(function, *args, **kwargs):
    theirs = str(getattr(function, "__module__", None)).startswith("ddtrace.")
    return atexit_register(Bounded(function) if theirs else function, *args, **kwargs) and function
