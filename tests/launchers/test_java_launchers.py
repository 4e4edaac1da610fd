"""Java applications as users start them: with an agent they print, answer, exit and stop as without one."""

import os

import pytest

from compare import COLLECTORS, LATE, Launch, assert_same, run_sides
from harness import LONG, ROOT, bundle_libraries, environment, install_all, made

LIBRARIES = ["dd-java-agent", "opentelemetry-javaagent"]
# What the JVM says of the variable and of an agent, what the agents say, with stack traces; Tomcat prints all arguments,
# and on a slow machine, without us too, that it waited for random numbers.
OWN = (r"^Picked up JAVA_TOOL_OPTIONS: |^OpenJDK .* warning: Sharing is only supported|-javaagent:|^JDK tool detected"
       r"|^Warning: dd-java-agent is being initialized more than once|^\[(dd\.trace|otel\.javaagent) |^\tat |^Caused by: |^\t\.\.\. \d+ more|^java\.(io|net)\.\w+Exception|SecureRandom")
STARTED = 30  # seconds that an agent may take to start, on a busy machine
HELLO = ROOT / "build/apps/java/jars/hello.jar"
LAUNCHERS = ROOT / "build/launchers/java"
SHOP = LAUNCHERS / "shop.jar"
OWN_SDK = ("java", "-cp", f"{LAUNCHERS}/classes:{LAUNCHERS}/own/*", "shop.Own", "global")

TOMCAT = """
tomcat10-instance-create -p {port} base > create.log
sed -i 's/port="8005"/port="-1"/' base/conf/server.xml
mkdir base/webapps/ROOT
echo 'hello of tomcat' > base/webapps/ROOT/hello
CATALINA_BASE={work}/base exec /usr/share/tomcat10/bin/catalina.sh run
"""


def shell(script, *, get=("/hello", "/missing"), **env):
    return Launch(("sh", "-euc", script), {}, {"PORT": "{port}", "SERVER_PORT": "{port}"} | env, get)


SERVERS = {
    "wrapper": shell(f'export JAVA_TOOL_OPTIONS="-Xmx200m ${{JAVA_TOOL_OPTIONS-}}"; exec java -jar {HELLO}'),
    "fat jar": shell(f"exec java -jar {SHOP} --spring.main.banner-mode=off", get=("/hello", "/hello?again")),  # its 404 has the time
    "tomcat": shell(TOMCAT),
}
# An application that brings the same agent itself, before ours.
OWN_AGENT = 'export JAVA_TOOL_OPTIONS="-javaagent:%s ${JAVA_TOOL_OPTIONS-}"; exec java -jar %s'
TOOLS = {
    "java -version": Launch(("java", "-version")),
    "keytool": Launch(("keytool", "-help")),
    "jps": Launch(("jps", "-help")),
    "javac": Launch(("javac", "A.java"), {"A.java": "class A { int a = b; }"}),
    "jar": Launch(("jar", "--version")),
    "jcmd": Launch(("jcmd", "-h")),
    "own SDK": Launch(OWN_SDK, env={"OTEL_INSTRUMENTATION_OPENTELEMETRY_API_ENABLED": "false"}),  # as README.md has it
    "throws": Launch(("java", "A.java"),
                     {"A.java": 'class A { public static void main(String[] a) { throw new RuntimeException("x"); } }'}),
}


@pytest.fixture(scope="session")
def built():
    """The applications."""
    made(ROOT / "scripts/packages", "java", "launchers", timeout=600)
    for pom in ("tests/apps/java/pom.xml", "tests/launchers/java/pom.xml"):
        made("mvn", "-B", "-q", "-Dmaven.test.skip=true", "-f", ROOT / pom, "package", timeout=600)


@pytest.fixture(scope="session")
def target(built, tmp_path_factory):
    """Both agents in one target; the tests only read it."""
    return install_all(bundle_libraries("java", tmp_path_factory.mktemp("bundles")), tmp_path_factory.mktemp("target"))


def sides(target, library, launch, **kwargs):
    """With what the example Pods set."""
    # compiled less, a JVM needs half the time to start
    path = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}

    def with_library(url):
        return environment(target, library, **path, DD_TRACE_AGENT_URL=url, DD_SERVICE="shop", DD_TRACE_AGENT_TIMEOUT="2",
                           OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_SERVICE_NAME="shop", OTEL_METRICS_EXPORTER="none",
                           OTEL_LOGS_EXPORTER="none", OTEL_EXPORTER_OTLP_TIMEOUT="2000")

    return run_sides(launch, path, with_library, **kwargs)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_servers(otlp, target, library, name):
    few = ("answers", "hangs") if name == "fat jar" else ("answers",)
    seen = sides(target, library, SERVERS[name], collectors=COLLECTORS if LONG else few)
    assert seen["without"].answers[0][0] == 200, seen["without"]
    assert_same(seen, OWN)
    assert {span["service"] for span in seen["answers"].spans if span["kind"] == "server"} == {"shop"}, seen["answers"]


if LONG:  # two agents in each JVM
    @pytest.mark.parametrize("library", LIBRARIES)
    def test_own_agent(otlp, target, library):
        """The second of two that are the same does nothing: a request has one server span."""
        agent, = (ROOT / "build/artifacts" / library).glob("*.jar")
        seen = sides(target, library, shell(OWN_AGENT % (agent, HELLO)), wanted=2, collectors=["answers"])
        assert_same(seen, OWN)
        assert len([span for span in seen["answers"].spans if span["kind"] == "server"]) == 2, seen["answers"]


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_commands(otlp, target, library, name):
    seen = sides(target, library, TOOLS[name], wanted=0, collectors=["refuses"])
    assert_same(seen, OWN, late=STARTED + LATE)
