"""Measures `injector install` beside `cp -r` of the same payloads and prints one table. Called by scripts/bench."""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

VERSION_RUNS = 50

# What is to be reached: (tree, what, at most). Wall and CPU time are ratios to cp, the rest as it says.
TARGETS = [
    ("jar", "wall", 2.0), ("jar", "cpu", 2.3),
    ("tree", "wall", 0.25), ("tree", "cpu", 0.5), ("tree", "peak", 16.0),
    ("large", "wall", 2.0), ("large", "cpu", 2.3), ("large", "peak", 10.0),
    ("--version", "wall", 2.0),
    ("executable", "size", 6.0),
]
UNITS = {"wall": "of cp's wall time", "cpu": "of cp's CPU time", "peak": "MB resident", "size": "MiB stripped"}


class Bench:
    def __init__(self, options):
        self.measure = [options.measure, *(["--without-landlock"] if options.without_landlock else [])]
        self.injector = options.injector
        self.threads = ["--threads", options.threads] if options.threads else []
        self.control = options.control
        self.place = pathlib.Path(options.destination)
        self.log = self.place / "log"

    def timed(self, *command):
        """Wall time in ms, CPU time in ms, peak memory in MB of one command."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("INJECTOR_")}
        with open(self.log, "wb") as log:
            done = subprocess.run([*self.measure, *command], env=clean, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=log, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: exit {done.returncode}: {' '.join(map(str, command))}\n{self.log.read_text()}")
        wall, cpu, peak = map(int, done.stdout.split())
        return wall / 1e6, cpu / 1e3, peak * 1024 / 1e6

    def copy(self, bundle, target):
        return self.timed("cp", "-r", f"{bundle}/payload/.", target)

    def install(self, bundle, target):
        return self.timed(self.injector, "install", "--bundle", bundle, "--target", target, *self.threads)

    def fresh(self, name):
        """An empty directory on a quiet file system: the write-back of the last run must not fall into this one."""
        target = self.place / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        subprocess.run(["sync", "--file-system", target], check=True)
        return target

    def compare(self, bundle, runs):
        """([cp's runs], [the injector's], bytes on disk of both). The order changes from run to run."""
        contenders = [("cp", self.copy), ("injector", self.copy if self.control else self.install)]
        results, volume = {"cp": [], "injector": []}, {}
        for run in range(runs + 1):
            for name, action in contenders if run % 2 else reversed(contenders):
                target = self.fresh(name)
                result = action(bundle, target)
                if run > 0:
                    results[name].append(result)
                elif not same(bundle / "payload", target):
                    sys.exit(f"bench: {name} left something else than {bundle}/payload in {target}")
                else:
                    volume[name] = used(target)
                shutil.rmtree(target)
        return results["cp"], results["injector"], volume


def used(target):
    done = subprocess.run(["du", "-s", "--block-size=1", target], stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[0]) / 1e6


def same(payload, target):
    """Whether both hold the same, so that nobody is fast by leaving something out."""
    command = ["diff", "-r", "-q", "--no-dereference", "--exclude=.injector", payload, target]
    return subprocess.run(command, check=False).returncode == 0


def row(tree, files, ours, theirs, volume):
    """One line of the table, and the numbers that have a target."""
    cells, reached = [tree, str(files)], {}
    for index, what, form in ((0, "wall", "{:.1f}"), (1, "cpu", "{:.1f}")):
        a, b = [r[index] for r in theirs], [r[index] for r in ours]
        pairs = sorted(y / x for x, y in zip(a, b))
        low, high = pairs[len(pairs) // 4], pairs[-1 - len(pairs) // 4]
        ratio = reached[what] = statistics.median(b) / statistics.median(a)
        cells += [form.format(statistics.median(a)), form.format(statistics.median(b)), f"{ratio:.2f}",
                  f"{low:.2f}-{high:.2f}"]
    reached["peak"] = statistics.median(r[2] for r in ours)
    cells += [f"{statistics.median(r[2] for r in theirs):.1f}", f"{reached['peak']:.1f}"]
    return cells + [f"{volume['cp']:.1f}", f"{volume['injector']:.1f}"], reached


HEAD = [
    ["", "", "wall ms", "", "", "", "CPU ms", "", "", "", "peak MB", "", "on disk MB", ""],
    ["tree", "files", *["cp", "injector", "ratio", "middle half"] * 2, *["cp", "injector"] * 2],
]


def aligned(rows):
    widths = [max(len(r[i]) for r in rows[1:]) for i in range(len(rows[0]))]
    for number, cells in enumerate(rows):
        if number == 0:  # A heading may reach over the columns that follow it.
            line = ""
            for i, cell in enumerate(cells):
                line = line.ljust(sum(widths[:i]) + 2 * i) + cell if cell else line
            yield line
        else:
            yield "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths)))


def file_system(path):
    done = subprocess.run(["findmnt", "-n", "-o", "FSTYPE,SOURCE", "--target", path], stdout=subprocess.PIPE,
                          text=True, check=False)
    return " on ".join(done.stdout.split("\n")[0].split()) or "unknown"


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n", maxsplit=1)[0]


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--measure", "--injector", "--stripped", "--bundles", "--destination", "--trees", "--runs"):
        parser.add_argument(name, required=True)
    parser.add_argument("--threads")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--without-landlock", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    bench, rows, reached = Bench(options), list(HEAD), {}
    print(f"{os.cpu_count()} cores, Linux {platform.release()}, {first_line('cp', '--version')}; "
          f"{options.runs} runs each, interleaved, warm; medians")
    print(f"load average before: {os.getloadavg()[0]:.2f}; what else runs makes the numbers worse")
    print(f"from {file_system(options.bundles)} to {file_system(options.destination)}")
    for tree in options.trees.split(","):
        bundle = pathlib.Path(options.bundles, tree)
        files = sum(len(names) for _, _, names in os.walk(bundle / "payload"))
        theirs, ours, volume = bench.compare(bundle, int(options.runs))
        cells, reached[tree] = row(tree, files, ours, theirs, volume)
        rows.append(cells)
    print("", *aligned(rows), "", sep="\n")
    if options.control:
        print("Both columns are cp -r: how far the ratios are from 1.00 is the noise of this machine.")
        return 0

    reached["--version"] = {"wall": statistics.median(bench.timed(bench.injector, "--version")[0]
                                                      for _ in range(VERSION_RUNS))}
    reached["executable"] = {"size": os.stat(options.stripped).st_size / 2**20}
    missed = 0
    for tree, what, most in TARGETS:
        if tree in reached:
            is_met = reached[tree][what] <= most
            missed += not is_met
            unit = "ms" if tree == "--version" else UNITS[what]
            print(f"{'reached' if is_met else 'missed':8} {tree:10} {reached[tree][what]:6.2f}, at most {most:.2f} {unit}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
