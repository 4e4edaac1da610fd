"""How ddtrace starts: ddtrace.auto, which from then on instruments by import hooks of its own."""

import _socket
import logging
import os
import re
import sys
import time
import urllib.parse

LAST = 2  # seconds that the end of a process waits for an agent that answers
ANSWER = 1  # seconds that an agent has for an answer, or it is away
PAUSES = 0.1, 0.2, 0.4, 0.8, 1.6, 0  # seconds between its own attempts to send
DEFAULTS = {
    "DD_LLMOBS_AGENTLESS_ENABLED": "0",  # or it asks the agent at its start, and waits 2 s for one that hangs
    # or it throws out threading and its like where gevent is installed, which the application has by then
    "DD_UNLOAD_MODULES_FROM_SITECUSTOMIZE": "0",
}
if sys.version_info < (3, 9, 8):
    # Debian 11's is: what stands in for singledispatchmethod there breaks the symbol database, which is on by default
    DEFAULTS["DD_SYMBOL_DATABASE_UPLOAD_ENABLED"] = "0"

# where it says what it catches: of a part that fails, for instance by an old package of the application's, and of itself
LOGGERS = "ddtrace.internal.products", "ddtrace.bootstrap.sitecustomize"


def start():
    if "-musl-" in os.path.basename(tree):
        refuse_old_musl()
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi and forks_without_hooks(uwsgi):
        uwsgi.post_fork_hook = after(getattr(uwsgi, "post_fork_hook", None), start_in_a_worker)
    else:
        start_here()


def start_here():
    added = [name for name in DEFAULTS if name not in os.environ]
    os.environ.update({name: DEFAULTS[name] for name in added})
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(refuse)
    present = sys.modules.setdefault("sitecustomize", sys)  # it would run one that has failed again, and fail by that
    try:
        with ours.shown():
            import ddtrace.auto
    finally:
        if present is sys:
            del sys.modules["sitecustomize"]
        for logger in loggers:
            logger.removeFilter(refuse)
        for name in added:
            del os.environ[name]
    bound_the_end()


def refuse(record):
    """Raises what upstream would log and go on from: then nothing after that starts."""
    if record.exc_info:
        raise record.exc_info[1]
    return True


def forks_without_hooks(uwsgi):
    """Whether this process is the one that uWSGI makes its workers of, without Python's hooks: what is compiled would not
    run in them, nor end. What has been imported by then is instrumented all the same."""
    own = any(uwsgi.opt.get(name) for name in ("lazy", "lazy-apps", "py-call-uwsgi-fork-hooks"))
    return not own and uwsgi.worker_id() == 0 and (uwsgi.masterpid() or uwsgi.numproc > 1)


def start_in_a_worker():
    try:
        start_here()
    except Exception as error:
        say("is not started", error)
    except KeyboardInterrupt:
        os._exit(0)  # uWSGI would print it, and wait for the end of a worker that it has told to end


def after(before, function):
    def both():
        if before:
            before()
        function()
    return both


def imported(module, integration):
    """It has seen so itself."""


def bound_the_end():
    """What is compiled sends for 3 s to an agent that refuses and for 21 s to one that never answers, and nothing ends
    that. So it gets nothing to send before the agent has answered a question, and the wait for that ends with the
    process."""
    from ddtrace.internal import native_runtime
    from ddtrace.internal.telemetry.writer import TelemetryWriter
    from ddtrace.internal.writer import NativeWriter
    from ddtrace.trace import tracer
    agent = Agent()
    waits = lambda seconds: setattr(native_runtime, "_DEFAULT_SHUTDOWN_TIMEOUT_MS", int(seconds * 1000))  # noqa: E731
    type(tracer).SHUTDOWN_TIMEOUT = LAST
    waits(LAST / 4)

    def send(upstream, writer, *given):
        if not writer._otlp_endpoint and not writer.agentless and not agent.comes():
            raise ConnectionError("the agent does not answer")
        agent.answers, agent.failed = False, True
        result = upstream(writer, *given)
        agent.answers, agent.failed = True, False
        return result

    def start_sending(upstream, writer, *given, **named):  # also in the place of one that was stopped
        agent.ending = False
        return upstream(writer, *given, **named)

    def stop_sending(upstream, writer, *given, **named):
        agent.ending = True
        return upstream(writer, *given, **named)

    def disable(upstream, telemetry):
        agent.ending = True
        away = not agent.comes()
        if away or "uwsgi" in sys.modules:  # whose end has taken away what a compiled thread needs
            telemetry._worker = None  # it would be waited for; the end of all that is compiled ends it, too
        if away:
            waits(0)
        return upstream(telemetry)

    os.register_at_fork(after_in_child=agent.forget)
    for owner, name, function in ((NativeWriter, "_start_service", start_sending), (NativeWriter, "_send_payload", send),
                                  (NativeWriter, "_stop_service", stop_sending), (TelemetryWriter, "disable", disable)):
        setattr(owner, name, around(getattr(owner, name), function))


def around(upstream, function):
    return lambda *given, **named: function(upstream, *given, **named)


class Agent:
    """Whether it answers, as far as is known."""

    answers = failed = ending = False  # failed: to take what was sent
    asked = 0

    def __init__(self):
        from ddtrace.internal.forksafe import Lock
        from ddtrace.internal.settings._agent import config
        self.config, self.lock = config, Lock()

    def forget(self):
        self.answers = self.failed = self.ending = False

    def comes(self):
        """Waits for it, as long as its own sender would; at the end for one answer."""
        for pause in PAUSES:
            if self.ending and self.failed:
                break
            if self.ask():
                return True
            until = time.monotonic() + pause
            while not self.ending and time.monotonic() < until:
                time.sleep(0.02)
            if self.ending:
                break
        return False

    def ask(self):
        with self.lock:
            if not self.answers and not (self.ending and time.monotonic() < self.asked + LAST):
                self.answers = self.is_reachable()
                self.asked = time.monotonic()
            return self.answers

    def is_reachable(self):
        try:
            return bool(asked(urllib.parse.urlsplit(self.config.trace_agent_url)))
        except Exception:
            return False


def asked(url):
    """The beginning of an answer; of one that speaks TLS, that it can be reached. By a socket that nothing has patched,
    and that uWSGI's end leaves alone."""
    if url.scheme == "unix":
        families = [(_socket.AF_UNIX, url.path)]
    else:
        port = url.port or (443 if url.scheme == "https" else 80)
        families = [(found[0], found[4]) for found in _socket.getaddrinfo(url.hostname, port, 0, _socket.SOCK_STREAM)]
    family, address = families[0]
    connection = _socket.socket(family, _socket.SOCK_STREAM)
    try:
        connection.settimeout(ANSWER)
        connection.connect(address)
        if url.scheme == "https":
            return b"it"
        connection.sendall(b"GET /info HTTP/1.0\r\n\r\n")
        return connection.recv(1 << 16)  # as a rule all of it
    finally:
        connection.close()


def refuse_old_musl():
    """Their wheels' libgcc_s has DT_RELR. Musl before 1.2.4, Alpine's up to 3.17, ignores it: a crash, no exception."""
    with open("/lib/ld-musl-%s.so.1" % os.uname().machine, "rb") as loader:
        version = re.search(br"\0([0-9]+\.[0-9]+\.[0-9]+)[^\0]*\0", loader.read()).group(1).decode()
    if [int(part) for part in version.split(".")] < [1, 2, 4]:
        raise OSError("musl " + version + " cannot load it, 1.2.4 can (Alpine 3.18)")
