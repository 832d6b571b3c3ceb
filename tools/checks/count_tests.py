"""Counts test cases, from Bazel's build events or from JUnit XML files.

usage: count_tests.py [--bazel-events FILE] [--junit FILE]...

Prints "N passed, N failed, N skipped". Bazel counts test targets; this
counts the cases in each target's test.xml. A target that did not build, crashed or ran
out of time counts as one failure beside the cases it reported.
"""

import argparse
import json
import pathlib
import urllib.parse
import xml.etree.ElementTree


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add_junit(self, path, prefix=""):
        """Returns how many failures the file reports; raises ParseError if it is none."""
        failed_before = self.failed
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            name = f"{prefix}{case.get('classname') or ''}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.add_failure(name)
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                self.skipped += 1
            else:
                self.passed += 1
        return self.failed - failed_before

    def add_failure(self, name):
        self.failed += 1
        self.failures.append(name)


def add_bazel_events(count, path):
    passed_targets, failed_targets = {}, {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        event_id = event.get("id", {})
        if "testResult" in event_id:
            label = event_id["testResult"]["label"]
            status = event.get("testResult", {}).get("status")
            uris = [o.get("uri", "") for o in event["testResult"].get("testActionOutput", [])
                    if o.get("name") == "test.xml"]
            (passed_targets if status == "PASSED" else failed_targets)[label] = uris
        elif "targetCompleted" in event_id and "completed" in event:
            if not event["completed"].get("success"):
                failed_targets.setdefault(event_id["targetCompleted"]["label"], [])
        elif "aborted" in event and "pattern" in event_id:
            failed_targets.setdefault(" ".join(event_id["pattern"]["pattern"]), [])
    for label, uris in (passed_targets | failed_targets).items():
        reported = 0
        for uri in uris:
            try:
                reported += count.add_junit(urllib.parse.unquote(urllib.parse.urlparse(uri).path), label + " ")
            except (OSError, xml.etree.ElementTree.ParseError):
                if label in passed_targets:
                    count.passed += 1
        if label in failed_targets and reported == 0:
            count.add_failure(label)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bazel-events")
    parser.add_argument("--junit", action="append", default=[])
    arguments = parser.parse_args()
    count = Count()
    if arguments.bazel_events:
        try:
            add_bazel_events(count, arguments.bazel_events)
        except (OSError, ValueError):
            count.add_failure("Bazel wrote no account of the run")
    for path in arguments.junit:
        try:
            count.add_junit(path)
        except (OSError, xml.etree.ElementTree.ParseError):
            count.add_failure(f"{path} is missing or damaged")
    for name in count.failures:
        print(f"FAILED {name}")
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")


if __name__ == "__main__":
    main()
