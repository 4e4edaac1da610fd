"""Measures the CPU time that a process pays before the application begins, and prints a table. Called by scripts/bench.

The process does nothing else. The ways to start it take turns, and each row is the median of what it takes more than
the first, round by round: what else the machine does falls on all of them."""

import argparse
import os
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import Intake, environment, run, write_tree  # noqa: E402

ROUNDS = {"python": 200, "dotnet": 9}
DOTNET = ROOT / "build/apps/dotnet"


def processor_time(argv, env):
    """User and system time of a process, in ms."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    process = os.posix_spawn(argv[0], argv, env, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    if status:
        sys.exit(f"bench: {' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return (used.ru_utime + used.ru_stime) * 1000


def print_table(title, argv, ways, rounds):
    """ways: {what it is called: its environment}; the others are compared with the first."""
    times = [[processor_time(argv, env) for env in ways.values()] for _ in range(rounds)]
    print(f"{title}, CPU ms, medians of {rounds} rounds")
    for number, name in enumerate(ways):
        first = statistics.median(row[0] for row in times)
        more = statistics.median(row[number] - row[0] for row in times)
        print(f"  {name:45} {f'+{more:.1f}' if number else f'{first:.1f}':>7}")
    print()


def python(target, work, rounds):
    """On PYTHONPATH, and with no tree for this interpreter: it is not instrumented."""
    ours = environment(target, "opentelemetry-python", PYTHONDONTWRITEBYTECODE="1")
    nothing, empty = write_tree(work / "nothing", {}), write_tree(work / "empty", {"sitecustomize.py": ""})
    interpreter = "/usr/bin/python3"
    version = run(interpreter, "-c", "import platform; print(platform.python_version())").stdout.strip()
    print_table(f"CPython {version}, PYTHONPATH has", [interpreter, "-c", ""], {
        "an empty directory": ours | {"PYTHONPATH": str(nothing)},
        "an empty sitecustomize.py, not cached": ours | {"PYTHONPATH": str(empty)},
        "the library, without a tree that fits": ours}, rounds)


def dotnet(target, _, rounds):
    runtime = str(DOTNET / "runtime/dotnet")
    with Intake() as collector:
        hook = environment(target, "opentelemetry-dotnet", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        plain = {name: hook[name] for name in ("PATH", "HOME", "LANG")}
        for program in sorted((DOTNET / "console").glob("net[0-9]*/console.dll")):
            print_table(f".NET, {program.parent.name}", [runtime, str(program)], {
                "without the hook": plain, "the hook, OTEL_SDK_DISABLED=true": hook | {"OTEL_SDK_DISABLED": "true"},
                "the hook": hook}, rounds)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--target", "--work", "--runtimes"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load average before: {os.getloadavg()[0]:.2f}; what else runs makes the numbers worse\n")
    for name in options.runtimes.split(","):
        {"python": python, "dotnet": dotnet}[name](options.target, pathlib.Path(options.work), options.runs or ROUNDS[name])


if __name__ == "__main__":
    main()
