"""scripts/demo, as the README tells a reader to run it."""

import os
import shutil

from harness import PATIENCE, ROOT, run

SPAN = "span: service=demo operation=servlet.request resource='GET /hello' status=200 error=False by java "


def demo(*argv, env=None):
    # the tests share the build folder: the demo must not configure theirs away
    return run(ROOT / "scripts/demo", "--timeout", PATIENCE, *argv, env={"INJECTOR_TESTS": "ON"} | (env or {}), timeout=1800)


def stub(folder, name, script):
    """A PATH on which NAME is a script of the test's own."""
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def assert_proof(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert "-javaagent:" in done.stdout and "\nhello\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(SPAN), done.stdout
    assert "injector: installed: " in done.stderr
    assert (ROOT / "build/demo/target/dd-java-agent.jar").is_file()


def test_through_the_image(engine):
    done = demo()
    assert_proof(done)
    assert "A container engine answers" in done.stdout


def test_without_an_engine(tmp_path):
    done = demo(env=stub(tmp_path, "docker", "exit 1"))
    assert_proof(done)
    assert "No container engine answers" in done.stdout


def test_no_span_is_a_failure(tmp_path):
    """A JVM that starts without what the injector prepared: of these seconds it takes two."""
    env = stub(tmp_path, "java", f'unset JAVA_TOOL_OPTIONS; exec {shutil.which("java")} "$@"')
    done = demo("--without-image", "--timeout", "30", env=env)
    assert done.returncode == 1
    assert "demo: no span within 30 s" in done.stderr


def test_a_step_that_fails_is_named(tmp_path):
    done = demo("--without-image", env=stub(tmp_path, "mvn", "echo no such thing; exit 3"))
    assert done.returncode == 3
    assert "no such thing" in done.stderr and "demo: failed: mvn " in done.stderr


def test_the_mirror_is_the_archives_of_that_very_label(tmp_path):
    """With a stand-in for apt-get, which names first what a machine with Debian's backports has first."""
    env = stub(tmp_path, "apt-get", r"printf 'Debian Backports|b\nDebian|d\nDebian|e\nDebian-Security|s\n'")
    asked = [run(ROOT / "scripts/mirror", *label, env=env).stdout for label in ([], ["Debian-Security"], ["x"])]
    assert asked == ["d\n", "s\n", ""]
