"""OpenTelemetry's eBPF agent for Go, run by `injector run` beside an unchanged net/http program on this machine."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

LIBRARY = "libraries/go/opentelemetry-go"
PROGRAM = harness.ROOT / "build/apps/go/hello"
REFUSED = ("operation not permitted", "permission denied", "function not implemented")


def made(*argv, missing):
    done = harness.run(*argv, timeout=1500)
    if done.returncode:
        pytest.skip(f"{missing}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """What was compiled once stays in build/compiled."""
    made(harness.ROOT / "scripts/packages", "go", missing="no Go")
    made(harness.ROOT / "scripts/fetch", LIBRARY, missing="the agent cannot be fetched")
    made(harness.ROOT / "tests/apps/go/build", missing="no Go")
    at = tmp_path_factory.mktemp("go") / "bundle"
    done = harness.run(harness.ROOT / "scripts/bundle", LIBRARY, at, timeout=1500)
    assert done.returncode == 0, done.stderr
    return at


@pytest.fixture(scope="module")
def target(bundle, tmp_path_factory):
    at = tmp_path_factory.mktemp("target")
    harness.expect(harness.install(bundle, at), 0, "installed")
    return at


class Process:
    """A process whose lines are kept."""

    def __init__(self, *argv, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("INJECTOR_", "OTEL_"))}
        self.process = subprocess.Popen([str(a) for a in argv], env=clean | env, text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True).start()

    def await_line(self, *texts, seconds=harness.PATIENCE):
        end = time.monotonic() + seconds
        while not (found := [line for line in list(self.lines) if any(text in line for text in texts)]):
            assert time.monotonic() < end, f"no line with {texts}: {''.join(self.lines)}"
            time.sleep(0.1)
        return found[0].rstrip("\n")

    def end(self):
        self.process.terminate()
        return self.process.wait(timeout=harness.PATIENCE)


@contextlib.contextmanager
def application(where):
    """The program under a path of its own, which names it to the agent, and its address."""
    program = shutil.copy(PROGRAM, where / "hello")
    app = Process(program, PORT="0")
    try:
        yield program, "http://127.0.0.1:" + app.await_line("hello: listening at port ").split()[-1]
    finally:
        app.end()


def ask(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address + "/hello", timeout=harness.PATIENCE) as answer:
        return answer.read()


def sidecar(target, program, intake):
    return Process(harness.INJECTOR, "run", "--target", target, "--on-failure", "continue", "--log-format", "text",
                   "opentelemetry-go/agent", OTEL_GO_AUTO_TARGET_EXE=str(program), OTEL_SERVICE_NAME="hello",
                   OTEL_EXPORTER_OTLP_ENDPOINT=intake.url)


def test_a_request_gives_its_span(target, otlp, intake, tmp_path):
    with application(tmp_path) as (program, address):
        agent = sidecar(target, program, intake)
        line = agent.await_line("instrumentation loaded successfully", "injector: ")
        if "injector: " in line:
            log = "".join(agent.lines)
            agent.end()
            if any(text in log for text in REFUSED):
                pytest.skip("eBPF is not allowed here: " + next(t for t in REFUSED if t in log))
            pytest.fail(log, pytrace=False)
        assert ask(address) == b"hello\n"
        spans = intake.spans()
        assert [(s["service"], s["kind"], s["status"], s["error"]) for s in spans] == [("hello", "server", 200, False)]
        assert spans[0]["operation"].startswith("GET") and spans[0]["meta"]["url.path"] == "/hello"
        assert agent.end() == 0


def test_without_the_sidecar_no_span(bundle, otlp, intake, tmp_path):
    with application(tmp_path) as (_, address):
        assert ask(address) == b"hello\n"
        assert intake.spans(seconds=8) == []


def test_a_damaged_agent_is_slept_over(target, otlp, intake, tmp_path):
    damaged = tmp_path / "target"
    shutil.copytree(target, damaged, symlinks=True)
    with open(damaged / "opentelemetry-go/agent", "r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))
    with application(tmp_path) as (program, address):
        agent = sidecar(damaged, program, intake)
        line = agent.await_line("injector: ")
        assert line.startswith("injector: digest-mismatch: ") and line.endswith("this sleeps (exit 0)"), line
        assert ask(address) == b"hello\n"
        assert intake.spans(seconds=3) == [] and agent.process.poll() is None
        assert agent.end() == 0
