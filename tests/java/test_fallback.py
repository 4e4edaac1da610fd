"""JVMs whose agent is not there, is the fallback, or is damaged: what they do today, and that the fallback lets them start."""

import os
import secrets
import shutil
import subprocess
import zipfile

import pytest

from engine import docker
from harness import (Application, DAMAGES, FAILURES, PATIENCE, ROOT, bundle_libraries, damaged, environment, install, install_all,
                     made, run, survive, write_tree)

LIBRARIES = ["dd-java-agent", "opentelemetry-javaagent"]
LINE = "injector: not tracing: the Java agent is not installed, and the log of the init container says why"
# Where the agent itself is installed, it waits for nobody.
QUIET = {"DD_TRACE_ENABLED": "false"}
PROGRAM = """
class Program {
    public static void main(String[] arguments) throws Exception {
        System.out.println("out");
        System.err.println("err");
        if (arguments.length > 0) Thread.sleep(Long.parseLong(arguments[0]));
        System.exit(3);
    }
}"""


@pytest.fixture(scope="module")
def bundles(executables, tmp_path_factory):
    """Of dd-java-agent and of its fallback."""
    where = tmp_path_factory.mktemp("bundles")
    made(ROOT / "scripts/fetch", "libraries/java/dd-java-agent", timeout=600)
    for kind, options in (("library", []), ("fallback", ["--fallback"])):
        made(ROOT / "scripts/bundle", *options, "libraries/java/dd-java-agent", where / kind)
    return where / "library", where / "fallback"


@pytest.fixture(scope="module")
def target(executables, tmp_path_factory):
    """Both fallbacks in one target."""
    where = tmp_path_factory.mktemp("target")
    where.chmod(0o755)  # the containers are another user's
    return install_all(bundle_libraries("java", tmp_path_factory.mktemp("bundles"), "--fallback"), where)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The arguments of java for a program that writes to both streams and ends with 3."""
    where = write_tree(tmp_path_factory.mktemp("program"), {"Program.java": PROGRAM})
    done = run("javac", "-d", where, where / "Program.java")
    assert done.returncode == 0, done.stderr
    return ["-cp", where, "Program"]


def java(env, *argv):
    return subprocess.run(["java", *map(str, argv)], env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False)


def picked_up(env):
    """What every JVM says of the variable."""
    return f"Picked up JAVA_TOOL_OPTIONS: {env['JAVA_TOOL_OPTIONS']}\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_the_agent_there_is_no_application(target, program, library, tmp_path):
    env = environment(target, library)
    env["JAVA_TOOL_OPTIONS"] = env["JAVA_TOOL_OPTIONS"].replace(str(target), str(tmp_path))
    done = java(env, *program)
    assert done.returncode == 1 and done.stdout.startswith("Error occurred during initialization of VM\n")
    assert "Error opening zip file or JAR manifest missing" in done.stderr


@pytest.mark.parametrize("how", DAMAGES)
def test_nothing_stands_before_a_damaged_agent(target, program, how):
    """A JVM opens the jar itself: this is what the next run of the init container repairs."""
    with damaged(target / "dd-java-agent.jar", how):
        done = java(environment(target, "dd-java-agent"), *program)
    assert done.returncode == 1 and done.stdout.startswith("Error occurred during initialization of VM\n")


@pytest.mark.parametrize("library", LIBRARIES)
def test_with_the_fallback_it_is_as_without_us(target, program, library):
    env = environment(target, library)
    for argv in (program, ["-version"]):
        bare, done = java({"PATH": env["PATH"]}, *argv), java(env, *argv)
        assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
        assert done.stderr == picked_up(env) + LINE + "\n" + bare.stderr


def test_two_fallbacks_say_it_once(target, program):
    env = environment(target)
    done = java(env, *program)
    assert env["JAVA_TOOL_OPTIONS"].count("-javaagent:") == 2
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", picked_up(env) + LINE + "\nerr\n")


@pytest.mark.parametrize("how", FAILURES)
def test_whatever_happens_to_the_install_it_starts(bundles, program, how, tmp_path):
    """And the next run of the init container brings the agent."""
    library, fallback = bundles
    survive(how, library, fallback, tmp_path)
    env = QUIET | {"PATH": os.environ["PATH"], "JAVA_TOOL_OPTIONS": f"-javaagent:{tmp_path}/dd-java-agent.jar"}
    done = java(env, *program)
    assert (done.returncode, done.stdout) == (3, "out\n"), done.stderr
    jar = (tmp_path / "dd-java-agent.jar").read_bytes()
    in_place = "fallback" if jar == (fallback / "payload/dd-java-agent.jar").read_bytes() else "library"
    assert (LINE in done.stderr.split("\n")) == (in_place == "fallback") and (in_place == "fallback" or how == "killed")
    assert install(library, tmp_path, "--on-failure", "continue", "--fallback", fallback).returncode == 0
    assert (tmp_path / "dd-java-agent.jar").read_bytes() == (library / "payload/dd-java-agent.jar").read_bytes()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_service_starts_and_ends(target, jar, library):
    env = environment(target, library)
    with Application("java", "-jar", jar, env=env) as app:
        assert app.get() == "hello\n"
        assert app.end() == 143  # as a JVM ends by SIGTERM
    assert app.text.startswith(picked_up(env) + LINE + "\n") and app.text.count("injector: ") == 1, app.text


def test_a_service_on_another_java(target, image):
    name, env = f"injector-test-{secrets.token_hex(4)}", environment(target, "dd-java-agent")
    try:
        with Application("docker", "run", "--rm", "--name", name, "--network", "host", "--read-only", "--tmpfs", "/tmp", "--volume",
                         f"{target}:{target}:ro", "--env", "JAVA_TOOL_OPTIONS", "--env", "PORT", image, env=env) as app:
            assert app.get() == "hello\n"
    finally:
        docker("rm", "--force", name)
    assert LINE in app.text.split("\n"), app.text


def test_it_is_for_java_8(target):
    """Debian's stable releases have no JVM 8: what such a one looks at is the version that its classes ask for."""
    with zipfile.ZipFile(target / "dd-java-agent.jar") as jar:
        classes = [jar.read(name) for name in jar.namelist() if name.endswith(".class")]
    assert [int.from_bytes(content[6:8], "big") for content in classes] == [52]


def test_it_can_be_attached(target, program):
    """agentmain, which a JVM calls that runs already."""
    with subprocess.Popen(["java", *map(str, program), "60000"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "out\n"
        done = run("jcmd", process.pid, "JVMTI.agent_load", target / "dd-java-agent.jar")
        process.terminate()
        assert done.returncode == 0 and "return code: 0" in done.stdout, done.stdout + done.stderr
        assert LINE in process.stderr.read().split("\n")


def test_compiled_anywhere_it_has_the_same_bytes(target, tmp_path):
    for name in ("scripts", "libraries/java"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "build/artifacts/dd-java-agent").mkdir(parents=True)
    done = run(tmp_path / "scripts/compile", "libraries/java/dd-java-agent", env={"TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build/compiled/dd-java-agent/fallback.jar").read_bytes() == (target / "dd-java-agent.jar").read_bytes()
