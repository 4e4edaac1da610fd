"""What hinders a call for a moment only: the install ends as if nothing had happened. A moment that never ends does."""

import pytest

from test_crash import Point, bundles, report, scenarios, scratch, sweep, try_point, workers  # noqa: F401

# The calls that take a name. fstatat is left out: to a kernel it is one call with fstat, which takes none.
OF_NAMES = {"openat", "mkdirat", "linkat", "symlinkat", "renameat", "renameat2", "unlinkat", "readlinkat"}
PASSES = {"ESTALE": OF_NAMES, "EAGAIN": {"openat", "read", "write", "flock"}}


@pytest.mark.parametrize("error, calls", (("ESTALE", None), ("EAGAIN", "openat,read,write,flock")))
def test_fails_once(workers, scenarios, capsys, error, calls):  # noqa: F811
    """At any other call it is an error: what is wrong with an open file does not pass."""
    options = (f"--errno={error}", *([f"--calls={calls}"] if calls else []))
    tried = sweep(workers, scenarios["old"], 1, options, (74,))
    report(tried, capsys, f"{error}, old, 1 thread")
    ended = {}
    for _, code, calls, _ in tried:
        ended.setdefault(calls[0].split()[1], set()).add(code)
    wrong = {name: codes for name, codes in ended.items() if name in PASSES[error] and codes != {0}}
    assert not wrong, f"not tried again: {wrong}"
    assert len(ended.keys() & PASSES[error]) > 3, f"hardly anything was struck: {ended}"


# Not write: a closing line that cannot be written is none.
MANY = "openat,newfstatat,read,getdents64,mkdirat,linkat,symlinkat,renameat,renameat2,unlinkat"


def test_fails_for_ever(workers, scenarios, capsys):  # noqa: F811
    """It ends with an error, after a second at most for each thing that it still tries."""
    points = [Point(scenarios["old"], 1, f"{index}+", (f"--errno={error}", f"--calls={MANY}"), (74,), "--fail")
              for error, index in (("ESTALE", 1), ("ESTALE", 120), ("EAGAIN", 40), *(("EINTR", i) for i in range(1, 200, 40)))]
    tried = workers.map(try_point, points, chunksize=1)
    report(tried, capsys, "an error for ever, old, 1 thread")
    assert {code for _, code, _, _ in tried} == {74}


def test_half_of_every_read_and_write(workers, scenarios, capsys):  # noqa: F811
    tried = sweep(workers, scenarios["old"], 1, ("--calls=read,write",), (), way="--half")
    report(tried, capsys, "short reads and writes, old, 1 thread")
    assert {call.split()[1] for _, _, calls, _ in tried for call in calls} == {"read", "write"}


def test_half_of_all_reads_and_writes(workers, scenarios, capsys):  # noqa: F811
    points = [Point(scenario, 1, "1+", ("--calls=read,write",), (), "--half") for scenario in scenarios.values()]
    tried = workers.map(try_point, points, chunksize=1)
    report(tried, capsys, "every read and write short, all start states")
    assert all(len(calls) > 40 for _, _, calls, _ in tried), "hardly anything was struck"
