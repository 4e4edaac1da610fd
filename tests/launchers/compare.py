"""Runs an application without a library and with it, side by side, and tells where a user would see a difference.

A side is one process: what it printed, what it answered, how it ended and how long that took. Numbers, temporary names
and the order of lines differ from run to run, so they are not compared. No language is known here.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from harness import Intake, write_tree

LATE = 3  # seconds that an end may take longer than without us, whatever the collector does
START, END = 90, 60  # seconds that an application may take on a busy machine
LAST = 0.5  # seconds of CPU time that the end of an application takes with a library, at most
PORTS = itertools.cycle(range(20000, 32000))  # below those that a connection gets by itself
SETTLE = 0.5  # for what an application writes after its answer
COLLECTORS = ("answers", "refuses", "hangs")


@dataclasses.dataclass(frozen=True)
class Launch:
    """What a user types. In argv, env and files {port} is a port of the side's own and {work} its directory, a copy of
    files (see write_tree) and where it runs. With get it is a server: it is asked for these paths, then stopped."""

    argv: tuple
    files: dict = dataclasses.field(default_factory=dict)
    env: dict = dataclasses.field(default_factory=dict)
    get: tuple = ()
    stop: int = signal.SIGTERM
    stdin: str = ""


@dataclasses.dataclass
class Side:
    stdout: str = ""
    stderr: str = ""
    code: int = None
    answers: list = None
    end: float = 0  # seconds from the signal, or of a command from its start, to its end
    busy: float = 1  # how many times longer the machine took for something then than it needs
    spans: list = dataclasses.field(default_factory=list)

    def seen(self, own):
        """What must be the same on every side."""
        answers = [line for status, body in self.answers or () for line in [str(status), *lines(body)]]
        return {"stdout": lines(self.stdout, own), "stderr": lines(self.stderr, own), "exit code": [str(self.code)],
                "answers": answers}


def lines(text, own=r"(?!)"):
    """The lines in a form that two runs share, without those that match own and the frames of a stack trace, of which a
    library adds some."""
    kept = (line for line in text.splitlines() if not line.startswith("  ") and not re.search(own, line))
    return sorted(re.sub(r"0x[0-9a-f]+|[0-9]+([.,][0-9]+)*", "N", line) for line in kept)


@contextlib.contextmanager
def collector(kind):
    """(URL, spans): of an intake, of a port where nobody listens, or of one where nobody ever answers."""
    if kind == "answers":
        with Intake() as intake:
            yield intake.url, intake.spans
        return
    with socket.socket() as listener:  # bound and not listening, its port is refused and nobody else's
        listener.bind(("127.0.0.1", 0))
        if kind == "hangs":
            listener.listen(1000)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda **_: []


def free_port():
    """One that no row beside this one gets."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def ask(url):
    """(status, body) of one request, an error's too."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def wait_for(port, process):
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens at {port}" if process.poll() is None else f"ended with {process.poll()}")


def busy():
    """How many times longer this machine takes now for a computation than the computation itself: 1 where it has nothing
    else to do."""
    started, cpu = time.monotonic(), time.thread_time()
    while time.thread_time() < cpu + 0.02:
        pass
    return (time.monotonic() - started) / (time.thread_time() - cpu)


def write(work, files, fill):
    write_tree(work, {name: fill(content) if isinstance(content, str) else content for name, content in files.items()})


def run_side(launch, env, spans=None, wanted=0):
    """One side to its end. With spans, it is stopped once that many of a server have arrived or never will."""
    side, port = Side(), free_port()
    with tempfile.TemporaryDirectory() as work:
        def fill(text):
            return str(text).replace("{port}", str(port)).replace("{work}", work)

        write(work, launch.files, fill)
        process = subprocess.Popen([fill(word) for word in launch.argv], cwd=work, text=True, errors="replace",
                                   env={name: fill(value) for name, value in (env | launch.env).items()},
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        said = threading.Thread(target=lambda: side.__dict__.update(
            zip(("stdout", "stderr"), process.communicate(launch.stdin))), daemon=True)
        started = time.monotonic()
        said.start()
        try:
            if launch.get:
                wait_for(port, process)
                side.answers = [ask(f"http://127.0.0.1:{port}{path}") for path in launch.get]
                if spans:
                    side.spans = spans(count=wanted, seconds=20 if wanted else 0, kind="server")
                time.sleep(SETTLE)
                side.busy = busy()
                started = time.monotonic()
                process.send_signal(launch.stop)
            side.code = process.wait(END)
            side.end = time.monotonic() - started
            side.busy = max(side.busy, busy())
            if spans and not launch.get:
                side.spans = spans(count=0, seconds=0)
        except (AssertionError, subprocess.TimeoutExpired, OSError) as error:
            side.code = f"{type(error).__name__}: {error}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what a launcher leaves behind holds the pipes
            said.join(10)
        for text in ("stdout", "stderr"):
            setattr(side, text, getattr(side, text).replace(work, "WORK"))
    return side


def run_sides(launch, without, with_library, wanted=1, collectors=COLLECTORS):
    """{"without": …, "answers": …, "refuses": …, "hangs": …}, all at once. with_library gives the environment for the
    URL of a collector."""

    def side(kind):
        with collector(kind) as (url, spans):
            return run_side(launch, with_library(url), spans, wanted if kind == "answers" else 0)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        started = {"without": pool.submit(run_side, launch, without)}
        started |= {kind: pool.submit(side, kind) for kind in collectors}
        return {kind: future.result() for kind, future in started.items()}


def assert_same(sides, own=r"(?!)", late=LATE):
    """Each side prints, answers, and ends as the one without. own matches the lines that are the library's."""
    first, most = sides["without"].seen(own), max(side.busy for side in sides.values())
    for kind, side in sides.items():
        for what, value in side.seen(own).items():
            now, then = collections.Counter(value), collections.Counter(first[what])
            assert now == then, f"{kind}: {what}: more: {set(now - then)} less: {set(then - now)}"
        more, patience = side.end - sides["without"].end, late + LAST * (most - 1)
        assert more < patience, f"{kind}: the end takes {more:.1f} s longer, {patience:.1f} may be"
