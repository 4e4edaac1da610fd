"""Python where the library is not there, or is damaged in one file. It needs no fallback: it starts without the folder."""

import random
import subprocess

import pytest

from conftest import LIBRARIES, SUITES
from harness import DAMAGES, LONG, PATIENCE, damaged, environment, pip_packages, write_tree

PROGRAM = """
import sys

if len(sys.argv) > 1:
    import flask

    app = flask.Flask(__name__)
    app.add_url_rule("/hello", view_func=lambda: "hello")
    print(app.test_client().get("/hello").get_data(as_text=True))
    for name in sys.argv[2:]:
        print("\\n".join(str(getattr(module, "__file__", None)) for module in list(sys.modules.values())))
else:
    print("hello")
sys.exit(3)
"""
QUIET = {"DD_TRACE_AGENT_URL": "http://127.0.0.1:9", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
         "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("program"), {"app.py": PROGRAM}) / "app.py"


def run_python(env, argv):
    return subprocess.run([str(a) for a in argv], env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("version", [*SUITES, "3.10", "3.12", "musl 1.2.5"])
def test_without_the_library_it_is_as_without_us(interpreter, program, tmp_path, version):
    chosen = interpreter(version)
    for env in ({}, {"PYTHONPATH": f"{tmp_path}/absent/ddtrace:{tmp_path}/absent/opentelemetry-python"}):
        done = run_python({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | env, chosen.command(program.parent, program))
        assert (done.returncode, done.stdout, done.stderr) == (3, "hello\n", "")


def loaded(env, library, target, program):
    """The files of the library in a process that it has started in: those of machine code first."""
    done = run_python(env, ["/usr/bin/python3", program, "flask", "list"])
    assert done.returncode == 3, done.stderr
    files = sorted(set(line for line in done.stdout.split("\n") if line.startswith(f"{target}/{library}/")))
    return sorted(files, key=lambda file: not file.endswith(".so"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_damaged_file_does_not_reach_the_application(target, python, program, library):
    """Any file by every damage: those at the top, machine code, and some of the rest."""
    env = environment(target, library, PYTHONPATH=str(pip_packages("python")), **QUIET)
    files, top = loaded(env, library, target, program), ["sitecustomize.py", "injector-start.py", "injector-library.py"]
    assert len(files) > 100 and files[0].endswith(".so")
    chosen = files if LONG else files[:2] + random.Random(1).sample(files, 4)
    failed = []
    for number, path in enumerate([f"{target}/{library}/{name}" for name in top] + chosen):
        for turn, how in enumerate(DAMAGES):
            if not LONG and number > 4 and (number + turn) % 2:
                continue
            with damaged(target / path, how):
                done = run_python(env, [python, program, "flask"])
            if (done.returncode, done.stdout) != (3, "hello\n") or done.stderr.count("injector: ") > 1:
                failed.append((path, how, done.returncode, done.stdout, done.stderr[-500:]))
    assert not failed
