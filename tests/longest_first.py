"""Which files of tests take long, so that these begin first and no side is left alone with one.

``pytest --junitxml REPORT`` and then ``python -m tests.longest_first REPORT...`` write the seconds
of every such file into `longest_first.csv`. A figure that is out of date costs seconds, not a test.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

TABLE = Path(__file__).with_suffix(".csv")
LEAST_S = 8


def seconds_by_file() -> dict[str, int]:
    """Path from the checkout's root -> seconds, of the files that take longest."""
    with TABLE.open(newline="") as file:
        return {row["file"]: int(row["seconds"]) for row in csv.DictReader(file)}


def told_by(reports: Iterable[Path]) -> dict[str, int]:
    """The same from JUnit's reports; where two tell of a file, the later one counts."""
    found: dict[str, int] = {}
    for report in reports:
        seconds: defaultdict[str, float] = defaultdict(float)
        for case in ElementTree.parse(report).iter("testcase"):
            path = case.attrib["classname"].replace(".", "/") + ".py"
            seconds[path] += float(case.attrib["time"])
        found |= {path: round(spent) for path, spent in seconds.items()}
    return found


def main(reports: Iterable[str]) -> None:
    """Take the figures of these reports into the table."""
    root = TABLE.parents[1]
    told = seconds_by_file() | told_by(map(Path, reports))
    long = ((path, seconds) for path, seconds in told.items() if seconds >= LEAST_S)
    rows = sorted(long, key=lambda row: (-row[1], row[0]))
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seconds", "file"])
        writer.writerows([spent, path] for path, spent in rows if (root / path).is_file())


if __name__ == "__main__":
    main(sys.argv[1:])
