"""A run that is killed while it goes on from where another was killed: the third ends as if nothing had happened."""

import pytest

import harness
from test_crash import (CHANGING, UNCHANGED, Place, bundles, copy, count, interpose, scenarios,  # noqa: F401
                        scratch, whole, workers)

STEP = 1 if harness.LONG else 9  # every which call that changes something
WITHOUT_EXCHANGE = ("--deny=renameat2=EINVAL",)


def kill(place, index, options):
    """Whether there was such a call."""
    strike = [f"--kill={index}", f"--calls={CHANGING}", *options]
    done, calls = interpose(strike, place.scenario.command(place.target, 1))
    place.check(done.returncode == 137 or not calls, f"exit {done.returncode}")
    return bool(calls)


def kill_again(scenario, first, options):
    """(how many reruns were killed, the problems found)"""
    place = Place(scenario)
    kill(place, first, options)
    killed = copy(place.target, place.target.with_name(f"{place.target.name}-killed"))
    again = scenario._replace(start=killed, name=f"{scenario.name}-again", tree=whole(killed))
    problems, second = [], 1 + first % STEP
    while kill(place := Place(again), second, options):
        place.look()
        place.check_names()
        place.rerun()
        problems += [f"{scenario.name} at {first} and {second}: {what}" for what in place.problems]
        second += STEP
    UNCHANGED.discard(place.target)
    return (second - 1) // STEP, problems


@pytest.mark.parametrize("options", [(), WITHOUT_EXCHANGE], ids=["exchange", "no exchange"])
@pytest.mark.parametrize("state", ("old", "half-published", "damaged", "taken"))
def test_kill_the_rerun(workers, scenarios, capsys, state, options):  # noqa: F811
    scenario = scenarios[state]._replace(gaps=bool(options))
    calls = count(scenario, 1, (f"--calls={CHANGING}", *options))
    points = [(scenario, first, options) for first in range(1, calls + 1, STEP)]
    tried = workers.starmap(kill_again, points, chunksize=1)
    with capsys.disabled():
        print(f"\n  SIGKILL twice, {state}: {sum(pairs for pairs, _ in tried)} pairs ", end="")
    problems = [problem for _, found in tried for problem in found]
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])


def without(name, scenario):
    """Each place where a kill without exchange left that name absent, and the call at which it came."""
    absent = 0
    for index in range(1, count(scenario, 1, (f"--calls={CHANGING}", *WITHOUT_EXCHANGE)) + 1):
        place = Place(scenario)
        kill(place, index, WITHOUT_EXCHANGE)
        if not (place.target / name).exists():
            absent += 1
            yield index, place
    assert absent, "no kill left the name absent"


def test_a_damaged_bundle_after_a_kill_without_exchange(workers, scenarios, bundles):  # noqa: F811
    """Where the kill left a name absent, what was moved aside is back before the bundle is found to be damaged."""
    scenario = scenarios["old"]
    damaged = copy(bundles["2"], bundles["2"].with_name("damaged.bundle"))
    with open(damaged / "payload/agent.jar", "r+b") as file:
        file.write(b"JAR")
    for index, place in without("agent", scenario):
        done, _ = interpose(WITHOUT_EXCHANGE, scenario._replace(bundle=damaged).command(place.target, 1))
        harness.expect(done, 65, "digest-mismatch")
        place.look()
        place.check_names()
        assert not place.problems, (index, place.problems)
