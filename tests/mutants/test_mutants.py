"""Tests of the tests: each patch here plants one bug, and the test that its first line names must fail with it.

A patch that does not apply any more is a failure: whoever moves the code moves the bug along. Only the files that a patch
changes are compiled, into objects that are linked in front of the libraries of build/.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
PATCHES = sorted(pathlib.Path(__file__).parent.glob("*.patch"))
PATIENCE = 600


def catcher(patch):
    return patch.read_text().split("\n", 1)[0].removeprefix("Caught by ")


def call(command, cwd, **kwargs):
    done = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False, **kwargs)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
    return done.stdout


@functools.cache
def compile_commands():
    return {entry["file"]: shlex.split(entry["command"])
            for entry in json.loads((BUILD / "compile_commands.json").read_text())}


def patched(patch, where):
    """The sources that the patch changes, as it leaves them."""
    sources = re.findall(r"^\+\+\+ b/(\S+\.cpp)$", patch.read_text(), re.M)
    assert sources, "the patch changes no source"
    for source in sources:
        (where / source).parent.mkdir(parents=True, exist_ok=True)
        (where / source).write_bytes((ROOT / source).read_bytes())
    call(["git", "apply", "--whitespace=nowarn", patch], where)
    return sources


def compiled(source, where):
    """Like build/ does it, but for the optimizer: that is half of the time."""
    command = compile_commands()[str(ROOT / source)]
    command[command.index("-o") + 1] = str(where / source) + ".o"
    command[-1] = str(where / source)
    call([*command, "-O0", "-w"], BUILD)
    return str(where / source) + ".o"


def linked(program, objects, where):
    """The program with these objects, which come first: the linker takes what it lacks from the libraries."""
    command = call(["ninja", "-t", "commands", "-s", f"bin/{program}"], BUILD)
    assert f"-o bin/{program} " in command, command
    mutant = where / f"{program}.mutant"
    call(["sh", "-c", command.replace(f"-o bin/{program} ", f"-o {mutant} {' '.join(objects)} ")], BUILD)
    return mutant


def pytest_on(tests, **executables):
    """A run of its own, of these tests with these executables: exit code and output."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("INJECTOR_TEST_") or k == "INJECTOR_TEST_KUBERNETES"} | executables
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--quiet", "--tb=line", "-rs",
                           "--color=no", *tests], cwd=ROOT, env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout


def try_out(patch):
    """How the test ends with the bug."""
    with tempfile.TemporaryDirectory(prefix="injector-mutant-") as directory:
        where = pathlib.Path(directory)
        where.chmod(0o755)  # some tests run the injector as another user
        sources = patched(patch, where)
        program = sources[0].split("/")[0] if sources[0].startswith(("bundler/", "webhook/")) else "injector"
        mutant = linked(program, [compiled(source, where) for source in sources], where)
        return pytest_on([catcher(patch)], **{f"INJECTOR_TEST_{program.upper()}": str(mutant)})


@pytest.fixture(scope="module")
def outcomes():
    """Of all patches, as they come: two at a time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield {patch: pool.submit(try_out, patch) for patch in PATCHES}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def without():
    """Without a bug all these tests pass."""
    code, output = pytest_on(sorted({catcher(patch) for patch in PATCHES}))
    assert code == 0, output


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_is_caught(outcomes, without, patch):
    code, output = outcomes[patch].result()
    end = output.splitlines()[-1]
    if code == 0 and " skipped" in end:
        pytest.skip(f"{catcher(patch)}: {output}")
    assert code == 1, f"nobody noticed, or something else went wrong:\n{output}"
    assert re.match(r"\d+ failed(?!.* error)", end), output
