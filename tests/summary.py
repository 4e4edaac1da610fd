"""Adds up the JUnit files of a directory, says why tests were skipped, and ends with the one line that counts."""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forbid-skips", action="store_true", help="a skip is a failure")
    parser.add_argument("--allow-skip", action="append", default=[], metavar="REGEX", help="unless its reason matches")
    parser.add_argument("results", type=pathlib.Path)
    options = parser.parse_args()
    passed = failed = skipped = 0
    aborted = options.results / "aborted"
    for suite in aborted.read_text().split() if aborted.exists() else ():
        print(f"failed: {suite}: it ended without a result")
        failed += 1
    for path in sorted(options.results.glob("*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                print(f"failed: {name}")
                failed += 1
            elif skip is not None or case.get("status") == "notrun":
                reason = (skip.get("message") if skip is not None else None) or "disabled"
                allowed = any(re.search(pattern, reason) for pattern in options.allow_skip)
                forbidden = options.forbid_skips and not allowed
                print(f"{'failed: skipped' if forbidden else 'skipped'}: {name}: {reason}")
                failed += forbidden
                skipped += not forbidden
            else:
                passed += 1
    if passed + failed == 0:
        print("failed: no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
