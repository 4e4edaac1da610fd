"""dd-java-agent and opentelemetry-javaagent in real JVMs: the span that arrives."""

import secrets

import pytest

from engine import docker
from harness import Application, ROOT, bundle_libraries, environment, install_all, run

LIBRARIES = ["dd-java-agent", "opentelemetry-javaagent"]
SPANS = {
    "dd-java-agent": {"operation": "servlet.request", "resource": "GET /hello"},
    "opentelemetry-javaagent": {"operation": "GET /hello"},
}


@pytest.fixture(scope="session")
def target(tmp_path_factory):
    """Both agents in one target; the tests only read it."""
    where = tmp_path_factory.mktemp("target")
    where.chmod(0o755)  # the containers are another user's
    return install_all(bundle_libraries("java", tmp_path_factory.mktemp("bundles")), where)


def reporting(intake):
    """The variables that send an agent's reports to the intake, at once."""
    return {"DD_TRACE_AGENT_URL": intake.url, "DD_SERVICE": "shop", "DD_JMXFETCH_ENABLED": "false",
            "OTEL_EXPORTER_OTLP_ENDPOINT": intake.url, "OTEL_SERVICE_NAME": "shop", "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def assert_span(intake, library):
    span = intake.spans()[0]
    wanted = SPANS[library] | {"service": "shop", "status": 200, "error": False, "kind": "server"}
    assert {key: span[key] for key in wanted} == wanted, span
    assert span["language"] in ("java", "jvm"), span


@pytest.mark.parametrize("library", LIBRARIES)
def test_span(intake, otlp, target, jar, library):
    with Application("java", "-jar", jar, env=environment(target, library, **reporting(intake))) as app:
        assert app.get() == "hello\n"
        assert_span(intake, library)


@pytest.mark.parametrize("library", LIBRARIES)
def test_span_of_another_java(intake, otlp, target, image, library):
    name, env = f"injector-test-{secrets.token_hex(4)}", environment(target, library, **reporting(intake))
    passed = [part for key in env if key not in ("PATH", "HOME") for part in ("--env", key)] + ["--env", "PORT"]
    try:
        with Application("docker", "run", "--rm", "--name", name, "--network", "host", "--read-only", "--tmpfs", "/tmp",
                         "--volume", f"{target}:{target}:ro", *passed, image, env=env) as app:
            assert app.get() == "hello\n"
            assert_span(intake, library)
    finally:
        docker("rm", "--force", name)


@pytest.mark.parametrize("library", LIBRARIES)
def test_options_of_the_users_own_stay(intake, otlp, target, jar, library):
    env = environment(target, library, JAVA_TOOL_OPTIONS="-Xmx300m", **reporting(intake))
    assert env["JAVA_TOOL_OPTIONS"].startswith("-Xmx300m -javaagent:")
    with Application("java", "-jar", jar, env=env) as app:
        assert app.get() == "hello\n"
        assert_span(intake, library)


def test_without_the_environment_no_span(intake, otlp, jar):
    with Application("java", "-jar", jar, env={"PATH": "/usr/bin:/bin"} | reporting(intake)) as app:
        assert app.get() == "hello\n"
        assert intake.spans(seconds=3) == [] and intake.agents() == []
