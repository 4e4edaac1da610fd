"""ddtrace and OpenTelemetry in every CPython that has a tree: the span that arrives."""

import itertools
import signal

import pytest

from conftest import APP, LIBRARIES
from harness import Application, environment, run

VERSIONS = [f"3.{minor}" for minor in range(9, 15)] + ["musl 1.2.5"]
OLD_MUSL = "musl 1.2.3"  # Alpine's up to 3.17
SPANS = {
    "ddtrace": {"operation": "flask.request", "resource": "GET /hello"},
    "opentelemetry-python": {"operation": "GET /hello", "resource": "GET /hello"},
}
GUNICORN = """
bind = "127.0.0.1:0"
workers = 2
preload_app = True


def when_ready(server):
    print("hello: listening at port", server.LISTENERS[0].sock.getsockname()[1], flush=True)
"""


def reporting(intake):
    """The variables that send a library's reports to the intake, at once, and keep bytecode out of the target."""
    return {"DD_TRACE_AGENT_URL": intake.url, "DD_SERVICE": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": intake.url,
            "OTEL_SERVICE_NAME": "shop", "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none", "PYTHONDONTWRITEBYTECODE": "1"}


def assert_span(intake, library):
    spans = intake.spans(seconds=60)
    span = next((span for span in spans if span["kind"] == "server"), None)
    assert span, spans
    wanted = SPANS[library] | {"service": "shop", "status": 200, "error": False, "language": "python"}
    assert {key: span[key] for key in wanted} == wanted, span


@pytest.mark.parametrize("version, library", [*itertools.product(VERSIONS, LIBRARIES), (OLD_MUSL, "opentelemetry-python")])
def test_span(interpreter, intake, otlp, target, version, library):
    python = interpreter(version)
    env = environment(target, library, PYTHONPATH=python.path, **reporting(intake))
    with Application(*python.command(target, APP / "hello.py"), env=env) as app:
        assert app.get() == "hello\n"
        assert_span(intake, library)
        assert app.end() == -signal.SIGTERM
        assert "injector:" not in app.text


@pytest.mark.parametrize("library", LIBRARIES)
def test_musl_has_trees_of_its_own(interpreter, intake, target, library):
    python = interpreter("musl 1.2.5")
    argv = python.command(target, "-c", "import wrapt._wrappers as compiled; print(compiled.__file__)")
    done = run(*argv, env=environment(target, library, INJECTOR_LOG_LEVEL="debug", **reporting(intake)))
    assert done.stdout.startswith(f"{target}/{library}/cp3.11-musl-x86_64/wrapt/"), done.stdout + done.stderr
    assert "injector:" not in done.stderr


def test_a_musl_that_the_library_would_crash(interpreter, intake, otlp, target):
    python = interpreter(OLD_MUSL)
    env = environment(target, "ddtrace", PYTHONPATH=python.path, **reporting(intake))
    with Application(*python.command(target, APP / "hello.py"), env=env) as app:
        assert app.get() == "hello\n"
        assert app.end() == -signal.SIGTERM
        assert app.text.startswith("injector: ddtrace is not started: OSError: musl 1.2.3 "), app.text


def test_without_the_environment_no_span(interpreter, intake, otlp, target):
    python = interpreter("3.11")
    env = reporting(intake) | {"PATH": "/usr/bin:/bin", "PYTHONPATH": python.path}
    with Application(*python.command(target, APP / "hello.py"), env=env) as app:
        assert app.get() == "hello\n"
        assert intake.spans(seconds=3) == [] and intake.agents() == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_span_of_a_forked_worker(interpreter, intake, otlp, target, tmp_path, library):
    python = interpreter("3.11")
    (tmp_path / "gunicorn.py").write_text(GUNICORN)
    env = environment(target, library, PYTHONPATH=f"{python.path}:{APP}", **reporting(intake))
    argv = ["-m", "gunicorn", "--config", tmp_path / "gunicorn.py", "hello:app"]
    with Application(*python.command(target, *argv), env=env) as app:
        assert app.get() == "hello\n"
        assert_span(intake, library)
        app.end()


@pytest.mark.parametrize("library", LIBRARIES)
def test_spans_of_a_server_that_raises_the_signal_again(interpreter, intake, otlp, target, tmp_path, library):
    """As uvicorn does at its end: nothing of Python runs after that."""
    python = interpreter("3.11")
    (tmp_path / "app.py").write_text("import hello, signal\nhello.app.test_client().get('/hello').close()\n"
                                     "signal.raise_signal(signal.SIGTERM)\n")
    env = environment(target, library, PYTHONPATH=f"{python.path}:{APP}", **reporting(intake) | {"OTEL_BSP_SCHEDULE_DELAY": "60000"})
    assert run(*python.command(target, tmp_path / "app.py"), env=env).returncode == -signal.SIGTERM
    assert_span(intake, library)
