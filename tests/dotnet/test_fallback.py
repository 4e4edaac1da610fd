""".NET where the library is not there, is the fallback, or is damaged in one file."""

import random
import subprocess

import pytest

from conftest import APPS, LIBRARY, Hello, console, hooked, made
from harness import DAMAGES, FAILURES, LONG, PATIENCE, ROOT, damaged, install, survive

LINE = "opentelemetry-dotnet: not tracing: it is not installed, and the log of the init container says why\n"
# Nobody listens where the spans would go.
QUIET = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def fallback(tmp_path_factory):
    """A target that has the fallback alone."""
    at = tmp_path_factory.mktemp("fallback")
    made(ROOT / "scripts/fetch", LIBRARY)
    made(ROOT / "scripts/bundle", "--fallback", LIBRARY, at / "bundle")
    (at / "target").mkdir()
    done = install(at / "bundle", at / "target")
    assert done.returncode == 0, done.stderr
    return at / "target"


@pytest.fixture(params=["net8.0", "net10.0", "3.1"])
def program(request, apps):
    """A function that runs the program without ASP.NET Core in an environment, on a runtime."""
    if request.param != "3.1":
        return lambda env, *tasks: console(request.param, env, *tasks)
    dotnet, application = request.getfixturevalue("old_dotnet"), request.getfixturevalue("old_console")
    return lambda env, *tasks: subprocess.run([dotnet, application, *tasks], env=env, timeout=PATIENCE, text=True,
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def elsewhere(env, target, other):
    return {name: value.replace(str(target), str(other)) for name, value in env.items()}


def test_without_the_library_there_is_no_application(fallback, program, tmp_path):
    """Because of the hook: the folders that are absent do nothing."""
    env = elsewhere(hooked(fallback), fallback, tmp_path)
    done = program(env)
    assert (done.returncode, done.stdout) == (-6, "") and "Injector.StartupHook" in done.stderr, done.stderr
    del env["DOTNET_STARTUP_HOOKS"]
    done = program(env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_with_the_fallback_it_is_as_without_us(fallback, program):
    env = hooked(fallback)
    done = program(env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", LINE)
    done = program(env, "crash")
    assert done.returncode == -6 and done.stdout == "" and done.stderr.startswith(LINE) and "as ordered" in done.stderr


def test_a_service_starts_and_ends(fallback, framework, tmp_path):
    with Hello(framework, hooked(fallback), tmp_path) as hello:
        assert hello.get("/relay") == "hello\n"
    assert (hello.code, hello.said()) == (0, LINE)


@pytest.mark.parametrize("how", FAILURES)
def test_whatever_happens_to_the_install_it_starts(bundle, fallback, program, how, tmp_path):
    """And the next run of the init container brings the library."""
    own = tmp_path / "target"
    own.mkdir()
    survive(how, bundle, fallback.parent / "bundle", own)
    env = elsewhere(hooked(fallback, **QUIET), fallback, own)
    done = program(env)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    in_place = "library" if (own / "opentelemetry-dotnet/net8.0").exists() else "fallback"
    assert (done.stderr == LINE) == (in_place == "fallback") and (in_place == "fallback" or how == "killed")
    assert install(bundle, own, "--on-failure", "continue", "--fallback", fallback.parent / "bundle").returncode == 0
    assert (own / "opentelemetry-dotnet/net8.0").exists()


@pytest.mark.parametrize("how", DAMAGES)
def test_nothing_stands_before_a_damaged_hook(fallback, apps, how):
    """The runtime loads it itself: this is what the next run of the init container repairs."""
    with damaged(fallback / "opentelemetry-dotnet/Injector.StartupHook.dll", how):
        done = console("net10.0", hooked(fallback))
    assert (done.returncode, done.stdout) == (-6, "") and "BadImageFormat" in done.stderr, done.stderr


def test_one_damaged_assembly_does_not_reach_the_application(installed, framework, tmp_path):
    env, failed = hooked(installed, **QUIET), []
    files = sorted((installed / "opentelemetry-dotnet" / framework).glob("*.dll"))
    assert len(files) > 5
    for path in files if LONG else [files[0], *random.Random(1).sample(files[1:], 2)]:
        for how in DAMAGES:
            with damaged(path, how):
                with Hello(framework, env, tmp_path) as hello:
                    answer = hello.get("/relay")
            if (answer, hello.code) != ("hello\n", 0) or hello.said().count("not tracing") > 1:
                failed.append((path, how, answer, hello.code, hello.said()))
    assert not failed
