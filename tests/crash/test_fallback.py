"""The same strikes at a fallback, and with --on-failure=continue: then a run ends with 0, and no name is absent once the
fallback has filled it."""

import pytest

import harness
from state import NOTHING, states
from test_crash import (BINARY, CHANGING, MAKING, WORSE, Place, copy, count, install_on_a_worse_kernel,  # noqa: F401
                        interpose, names, report, scratch, starve, sweep, undisturbed, whole, workers)
from test_second_kill import WITHOUT_EXCHANGE, without

# Small ones: what an install does after the fallback has its own sweeps.
FALLBACK = {"agent/__init__.py": "# nothing\n", "agent/core/main.py": ("link", "../__init__.py"), "agent.jar": b"jar 0"}
NEW = {"agent/__init__.py": "import agent.core\n", "agent/core/a.so": BINARY, "agent.jar": b"jar 2"}
OLD = NEW | {"agent/core/a.so": BINARY + b"1", "dropped.jar": b"jar 1"}


@pytest.fixture(scope="module")
def scenarios(scratch):  # noqa: F811
    """All start states, by name; those that end in -continue with that mode."""
    at = scratch / "small"
    at.mkdir()
    fallback, old, new = (harness.pack(at, files, version=version)
                          for version, files in (("0", FALLBACK), ("1", OLD), ("2", NEW)))
    start = {name: at / f"start-{name}" for name in ("empty", "fallback", "old")}
    for each in start.values():
        each.mkdir()
    continuing = ("--on-failure=continue", "--fallback", fallback)
    harness.expect(harness.install(at / "none", start["fallback"], *continuing), 0, "bundle-not-found")
    harness.expect(harness.install(old, start["old"]), 0, "installed")
    (start["old"] / "agent.jar").unlink()
    made = {}
    for name, each in start.items():
        made[name] = undisturbed(name, each, new)
        versions = made[name].versions | {"fallback": harness.tree(fallback / "payload")}
        name += "-continue"
        made[name] = undisturbed(name, each, new, *continuing)._replace(versions=versions)
    return made


def placed(scenario, options):
    """With the number of the call, among those that are struck, after which an undisturbed run has no absent name."""
    calls = [option for option in options if option.startswith(("--calls=", "--deny="))]
    first, last = 0, count(scenario, 1, calls)
    while first < last:
        middle = (first + last) // 2
        target = copy(scenario.start, scenario.start.parent / "placed")
        interpose(["--kill", middle + 1, *calls], scenario.command(target, 1))
        agreed = states(whole(target), **scenario.versions)
        if any(NOTHING in agreed[name] for name in names(scenario.versions["fallback"])):
            first = middle + 1
        else:
            last = middle
    return scenario._replace(placed=first)


def strike(workers, capsys, scenario, options, codes, plus=""):  # noqa: F811
    if "fallback" in scenario.versions:
        scenario = placed(scenario, options)
    tried = sweep(workers, scenario, 1, options, codes, plus)
    report(tried, capsys, f"{' '.join(options) or 'SIGKILL'}{plus and ' from a call on'}, {scenario.name}, 1 thread")
    return tried


def test_when_the_fallback_is_there(scenarios):
    """Else there was nothing to be seen by the rest."""
    assert placed(scenarios["fallback-continue"], ()).placed == 0
    for name in ("empty-continue", "old-continue"):
        assert 0 < placed(scenarios[name], ()).placed < count(scenarios[name], 1) * 2 / 3


@pytest.mark.parametrize("state", ("empty-continue", "fallback", "fallback-continue", "old-continue"))
def test_kill_at_every_call(workers, scenarios, capsys, state):  # noqa: F811
    tried = strike(workers, capsys, scenarios[state], (), (137,))
    assert all(code == 137 for _, code, _, _ in tried), "a strike did not kill"


def test_kill_at_every_call_without_exchange(workers, scenarios, capsys):  # noqa: F811
    """Then a directory is absent for a moment when the library comes, and back with the next run."""
    strike(workers, capsys, scenarios["empty-continue"]._replace(gaps=True), WITHOUT_EXCHANGE, (137,))


def test_what_a_kill_without_exchange_left_is_put_back(workers, scenarios):  # noqa: F811
    """The old directory that was moved aside comes back before the fallback fills what is absent."""
    scenario = scenarios["old-continue"]
    for index, place in without("agent", scenario):
        done = harness.run(*scenario._replace(bundle=scenario.start).command(place.target, 1))
        harness.expect(done, 0, "bundle-not-found")
        assert "old" in states(whole(place.target), **scenario.versions)["agent"], index


def test_a_kill_and_then_a_damaged_bundle(workers, scenarios):  # noqa: F811
    """Which takes the killed run's stage with it: whose the names are is known without."""
    scenario, calls = scenarios["empty-continue"], "--calls=renameat,renameat2,unlinkat"
    damaged = copy(scenario.bundle, scenario.bundle.with_name("damaged.bundle"))
    (damaged / "payload/agent.jar").write_bytes(b"JAR 2")
    for index in range(1, count(scenario, 1, [calls]) + 1):
        place = Place(scenario)
        interpose(["--kill", index, calls], scenario.command(place.target, 1))
        done = harness.install(damaged, place.target)
        assert done.returncode in (0, 65), done.stderr  # 0: it had published all
        place.check_final(harness.install(scenario.bundle, place.target))
        assert not place.problems, (index, place.problems)


FAILING = [("empty-continue", "EIO"), ("empty-continue", "ENOSPC"), ("fallback-continue", "EACCES")]
if harness.LONG:
    FAILING += [("old-continue", "ENOSPC")]
    FAILING += [("empty-continue", error) for error in ("EACCES", "EROFS", "EMFILE", "ENOMEM", "EINTR")]


@pytest.mark.parametrize("state, error", FAILING)
def test_fail_every_call(workers, scenarios, capsys, state, error):  # noqa: F811
    strike(workers, capsys, scenarios[state], (f"--errno={error}",), ())


@pytest.mark.parametrize("error, calls", (("EIO", None), ("ENOSPC", MAKING), ("EROFS", CHANGING)))
@pytest.mark.parametrize("state", ("empty-continue", "fallback-continue"))
def test_fail_every_call_from_one_on(workers, scenarios, capsys, state, error, calls):  # noqa: F811
    options = (f"--errno={error}", *([f"--calls={calls}"] if calls else []))
    strike(workers, capsys, scenarios[state], options, (), plus="+")


def test_signal_at_every_call(workers, scenarios, capsys):  # noqa: F811
    strike(workers, capsys, scenarios["empty-continue"], ("--signal=TERM",), (143,))


@pytest.mark.parametrize("denied", WORSE)
def test_on_a_worse_kernel(workers, scenarios, denied):  # noqa: F811
    for scenario in scenarios.values():
        install_on_a_worse_kernel(scenario, 1, denied)


def test_too_little_memory(workers, scenarios, capsys):  # noqa: F811
    starve(scenarios["empty-continue"], 0, capsys)
