"""Our sitecustomize.py and start.py: when they step aside, what they leave alone, and that nothing stops the application."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import LIBRARIES
from harness import PATIENCE, ROOT, environment, install, run, write_tree

QUIET = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false",
         "DD_TRACE_AGENT_URL": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none",
         "OTEL_LOGS_EXPORTER": "none", "PYTHONDONTWRITEBYTECODE": "1"}
PACKAGE = {"ddtrace": "ddtrace", "opentelemetry-python": "opentelemetry.sdk.trace"}
# a framework starts a library, and nothing else does; this one has nothing
FRAMEWORK = str(ROOT / "tests/python/framework")
LOADED = """
import sys
sys.path.append(%r)
import flask
print(sorted({'ddtrace', 'opentelemetry.sdk.trace'} & set(sys.modules)), 'end')""" % FRAMEWORK


def python_with(target, library, python, *argv, env=(), **own):
    """Runs an interpreter with the library's environment and own variables; sees that it ends well."""
    done = subprocess.run([str(a) for a in (python, *argv)], env=environment(target, library, **QUIET, **own) | dict(env),
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done


def assert_started(done, library):
    assert done.stdout == f"['{PACKAGE[library]}'] end\n" and "injector:" not in done.stderr, (done.stdout, done.stderr)


def assert_aside(done):
    assert (done.stdout, done.stderr) == ("[] end\n", "")


def others():
    """Interpreters of the machine that have no tree."""
    pyenv = [pathlib.Path.home() / ".pyenv/versions" / name / "bin/python" for name in ("2.7.18", "3.6.15", "3.7.16", "3.8.18")]
    return [at for at in (pathlib.Path("/usr/bin/pypy3"), pathlib.Path("/usr/bin/python2.7"), *pyenv) if at.exists()]


@pytest.fixture
def own(tmp_path):
    """A target of the test's own, to damage: write(library, path, content) replaces a file of the tree in use."""

    class Own:
        def __init__(self, target, python):
            self.target = tmp_path / "own"
            shutil.copytree(target, self.target, copy_function=os.link, symlinks=True)
            version = run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
            self.tree = f"cp{version}-glibc-x86_64"
            self.pure = f"py{version}"

        def file(self, pattern):
            return next(self.target.glob(pattern.format(tree=self.tree, pure=self.pure)))

        def write(self, pattern, content):
            at = self.file(pattern)
            at.unlink()
            if content is not None:
                at.write_bytes(content)

    return Own


@pytest.mark.parametrize("library", LIBRARIES)
def test_starts(target, python, library):
    assert_started(python_with(target, library, python, "-c", LOADED), library)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("interpreter", others(), ids=lambda at: f"{at.parts[-3]}-{at.name}")
def test_steps_aside_where_there_is_no_tree(target, tmp_path, library, interpreter):
    write_tree(tmp_path / "users", {"sitecustomize.py": "import sys; sys.users_own = True"})
    code = "import sys; print(str(sys.users_own) + ' ' + str('ddtrace' in sys.modules))"
    done = python_with(target, library, interpreter, "-c", code, PYTHONPATH=str(tmp_path / "users"))
    assert (done.stdout, done.stderr) == ("True False\n", "")


@pytest.mark.parametrize("library", LIBRARIES)
def test_steps_aside_without_the_tree_of_this_libc(bundles, tmp_path, python, library):
    done = install(bundles[library], tmp_path, "--select", "libc=musl")
    assert done.returncode == 0, done.stderr
    assert_aside(python_with(tmp_path, library, python, "-c", LOADED))


@pytest.mark.parametrize("library, package", [("ddtrace", "ddtrace"), ("opentelemetry-python", "opentelemetry")])
def test_steps_aside_for_a_library_of_the_users_own(target, tmp_path, python, library, package):
    write_tree(tmp_path, {f"{package}/__init__.py": "mine = True"})
    code = f"import sys; sys.path.append({FRAMEWORK!r}); import flask, {package}; print({package}.mine)"
    done = python_with(target, library, python, "-c", code, PYTHONPATH=str(tmp_path))
    assert (done.stdout, done.stderr) == ("True\n", "")
    done = python_with(target, library, python, "-c", code, PYTHONPATH=str(tmp_path), INJECTOR_LOG_LEVEL="debug")
    assert done.stderr == f"injector: {library} is not started: the application brings its own {package}\n"


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_isolated_interpreters_stay_so(target, python, option):
    assert_aside(python_with(target, "ddtrace", python, option, "-c", LOADED))


@pytest.mark.parametrize("library", LIBRARIES)
def test_nobody_takes_ours_for_installed(target, python, library):
    """Whoever asks, whether the library has started or not."""
    names = "print(sorted({d.metadata['Name'] for d in importlib.metadata.distributions()}))"
    code = f"import importlib.metadata\n{names}\n{LOADED}\n{names}"
    done = python_with(target, library, python, "-c", code)
    before, started, after = done.stdout.splitlines()
    assert before == after and "wrapt" not in after and started == f"['{PACKAGE[library]}'] end", done.stdout


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("argv", [["-c", ""], ["-m", "json.tool", "--help"]], ids=str)
def test_a_process_without_a_framework_imports_nothing_of_ours(target, python, library, argv):
    done = python_with(target, library, python, "-v", *argv)
    assert [line for line in done.stderr.splitlines() if "/cp3" in line or "/py3" in line] == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_environment_of_child_processes_is_the_users(target, python, library):
    names = "print(sorted(name for name in os.environ if name.startswith(('OTEL_', 'DD_'))))"
    done = python_with(target, library, python, "-c", f"import os\n{names}\n{LOADED}\n{names}")
    before, _, after = done.stdout.splitlines()
    assert before == after


def test_an_api_that_is_too_old(target, tmp_path, python):
    write_tree(tmp_path, {"opentelemetry/trace/__init__.py": "", "opentelemetry_api-1.20.0.dist-info/METADATA":
                          "Metadata-Version: 2.1\nName: opentelemetry-api\nVersion: 1.20.0\n"})
    done = python_with(target, "opentelemetry-python", python, "-c", LOADED, PYTHONPATH=str(tmp_path))
    assert done.stdout == "[] end\n"
    assert done.stderr.startswith("injector: opentelemetry-python is not started: ImportError: the application brings "
                                  "opentelemetry-api 1.20.0, ") and done.stderr.count("\n") == 1, done.stderr


def test_a_failure_that_ddtrace_catches_is_one(target, own, python):
    """Upstream logs a stack trace and goes on."""
    mine = own(target, python)
    mine.write("ddtrace/{tree}/ddtrace/bootstrap/preload.py", b"raise KeyError('mine')")
    done = python_with(mine.target, "ddtrace", python, "-c", LOADED)
    assert (done.stdout, done.stderr) == ("[] end\n", "injector: ddtrace is not started: KeyError: 'mine'\n")


def test_an_old_package_of_the_applications_fails_a_part_of_ddtrace(target, tmp_path, python):
    """Upstream logs stack traces, and goes on with the rest. This one stands for bytecode 0.13, which has no TryBegin."""
    write_tree(tmp_path, {"bytecode/__init__.py": "__version__ = '0.13.0'\nclass Instr: pass\nLabel = BinaryOp = Instr\n"})
    code = LOADED + "\nimport bytecode\nprint(bytecode.__version__, [n for n in sys.modules if n.startswith('ddtrace')])"
    done = python_with(target, "ddtrace", python, "-c", code, PYTHONPATH=str(tmp_path))
    assert done.stdout == "[] end\n0.13.0 []\n", done.stderr
    assert done.stderr == "injector: ddtrace is not started: AttributeError: module 'bytecode' has no attribute 'TryBegin'\n"


def test_an_end_that_begins_no_thread(target, python):
    """As that of CPython 3.12.0 to 3.12.2 (python/cpython#113964), which this imitates: logging's end comes last."""
    code = f"""
import atexit, logging, sys, threading
def refuse(*_, **__):
    raise RuntimeError("can't create new thread at interpreter shutdown")
def end():
    threading._start_new_thread = threading._start_joinable_thread = refuse
atexit.register(end)
sys.path.append({FRAMEWORK!r})
import flask
logging.getLogger("x").error("logged")
"""
    done = python_with(target, "opentelemetry-python", python, "-c", code, env={"OTEL_LOGS_EXPORTER": "console"})
    assert '"body": "logged"' in done.stdout and done.stderr == "", (done.stdout, done.stderr)


def test_ddtrace_that_says_more(target, python):
    """What it says of itself at its start is no failure."""
    assert_started(python_with(target, "ddtrace", python, "-c", LOADED, DD_TRACE_DEBUG="1"), "ddtrace")


@pytest.mark.parametrize("order", [LIBRARIES, LIBRARIES[::-1]], ids=lambda names: names[0])
def test_one_library_in_a_process(target, python, order):
    """Both on the path: the first is started, the second steps aside."""
    path = ":".join(str(target / name) for name in order)
    assert_started(python_with(target, order[0], python, "-c", LOADED, env={"PYTHONPATH": path}), order[0])


@pytest.mark.parametrize("library, package", [("ddtrace", "typing_extensions"), ("opentelemetry-python", "asgiref")])
def test_the_applications_packages_come_first(target, tmp_path, python, library, package):
    write_tree(tmp_path, {f"{package}.py": "from typing import *\nmine = True\nTypeIs = deprecated = override = object"})
    code = f"{LOADED}\nimport {package}; print({package}.mine, [p for p in sys.path if 'cp3' in p or '/py3' in p])"
    done = python_with(target, library, python, "-c", code, PYTHONPATH=str(tmp_path))
    assert done.stdout == f"['{PACKAGE[library]}'] end\nTrue []\n", done.stderr


@pytest.mark.parametrize("library", LIBRARIES)
def test_runs_the_sitecustomize_that_ours_hides(target, tmp_path, python, library):
    write_tree(tmp_path, {"sitecustomize.py": "import sys\nprint('users', __name__, sys.modules[__name__].__file__)"})
    done = python_with(target, library, python, "-c", LOADED, PYTHONPATH=str(tmp_path))
    assert done.stdout == f"users sitecustomize {tmp_path}/sitecustomize.py\n['{PACKAGE[library]}'] end\n"


def test_what_the_users_sitecustomize_raises_is_said_as_ever(target, tmp_path, python):
    write_tree(tmp_path, {"sitecustomize.py": "raise RuntimeError('mine')"})
    done = python_with(target, "ddtrace", python, "-c", LOADED, PYTHONPATH=str(tmp_path))
    assert "Error in sitecustomize" in done.stderr and "RuntimeError: mine" in done.stderr
    assert done.stdout == "['ddtrace'] end\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_child_processes(target, tmp_path, python, library):
    code = f"""
import multiprocessing, subprocess, sys
sys.path.append({FRAMEWORK!r})
import flask
def loaded(_):
    return {PACKAGE[library]!r} in sys.modules
if __name__ == "__main__":
    for method in ("spawn", "fork", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(loaded, [0]))
    print(subprocess.check_output([sys.executable, "-c", {LOADED!r}], text=True).strip())
"""
    (tmp_path / "parent.py").write_text(code)
    done = python_with(target, library, python, tmp_path / "parent.py")
    assert done.stdout == f"spawn [True]\nfork [True]\nforkserver [True]\n['{PACKAGE[library]}'] end\n", done.stderr


@pytest.mark.parametrize("library", LIBRARIES)
def test_virtual_environments(target, tmp_path, python, library):
    done = run(python, "-m", "venv", "--without-pip", tmp_path / "venv")
    assert done.returncode == 0, done.stderr
    assert_started(python_with(target, library, tmp_path / "venv/bin/python", "-c", LOADED), library)


DAMAGES = {
    "a module that is no Python": ("ddtrace/{tree}/ddtrace/__init__.py", b"\0\xff("),
    "a module that ends the process": ("ddtrace/{tree}/ddtrace/_monkey.py", b"raise SystemExit(3)"),
    "a module that is missing": ("ddtrace/{tree}/ddtrace/auto.py", None),
    "an extension that is cut off": ("ddtrace/{tree}/ddtrace/internal/native/_native*.so", b"\x7fELF"),
    "a dependency that is missing": ("ddtrace/{pure}/envier/__init__.py", b"raise KeyError('x')"),
    "a library.py that is no Python": ("ddtrace/injector-library.py", b"\0("),
    "a start.py that is no Python": ("ddtrace/injector-start.py", b"\0("),
    "a start.py that is missing": ("ddtrace/injector-start.py", None),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_starts_nothing_and_stops_nothing(target, own, python, damage):
    pattern, content = DAMAGES[damage]
    mine = own(target, python)
    mine.write(pattern, content)
    code = LOADED + "\nprint([p for p in sys.path if 'cp3' in p], [n for n in sys.modules if n.startswith('ddtrace')])"
    done = python_with(mine.target, "ddtrace", python, "-c", code)
    assert done.stdout == "[] end\n[] []\n", done.stderr
    lines = done.stderr.splitlines()
    if "start.py" in damage:
        assert lines == []
    else:
        assert len(lines) == 1 and lines[0].startswith("injector: ddtrace is not started: "), done.stderr


def test_a_damaged_opentelemetry_stops_nothing(target, own, python):
    mine = own(target, python)
    mine.write("opentelemetry-python/{pure}/opentelemetry/sdk/trace/__init__.py", b"(")
    assert python_with(mine.target, "opentelemetry-python", python, "-c", "print('end')").stdout == "end\n"


class Traced:
    """An interpreter that does nothing: how often it asks the kernel, but for memory; what it opens; its modules."""

    def __init__(self, python, env, trace):
        done = run("strace", "-f", "-qq", "-o", trace, "-e", "trace=!%memory", "-e", "signal=none", "env", "-i",
                   *(f"{name}={value}" for name, value in env.items()), python, "-c", "import sys; print(*sys.modules)")
        assert done.returncode == 0, done.stderr
        started = trace.read_text().rpartition(" execve(")[2]
        self.calls, self.modules = started.count("\n"), set(done.stdout.split())
        self.opened = set(re.findall(r'openat\(.*"(.*)".* = \d', started))


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_what_an_interpreter_pays_that_is_not_instrumented(bundles, tmp_path, python):
    """It opens our directory and our file, imports nothing for us, and asks the kernel little. Of these calls Python
    itself makes half for any sitecustomize.py. The time is a benchmark: scripts/bench --starts python."""
    assert install(bundles["ddtrace"], tmp_path, "--select", "libc=musl").returncode == 0
    with_ours = environment(tmp_path, "ddtrace", **QUIET)
    ours = Traced(python, with_ours, tmp_path / "trace")
    without = Traced(python, {k: v for k, v in with_ours.items() if k != "PYTHONPATH"}, tmp_path / "trace")
    library = tmp_path / "ddtrace"
    assert ours.opened - without.opened == {str(library), str(library / "sitecustomize.py")}
    assert ours.modules - without.modules <= {"sitecustomize"}
    assert ours.calls - without.calls <= 50
