"""What `nightshoot doctor` finds, one answer to each question."""

from typing import Literal

from flows.deployment.inventory import Record

Verdict = Literal["ok", "warn", "fail"]


class Finding(Record):
    """One answer; ``way_out`` says what to do unless all is well."""

    verdict: Verdict
    what: str
    found: str
    way_out: str = ""


class Report(Record):
    """Everything ``doctor`` tells."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 when something must be repaired; warnings are no reason."""
        return int(any(finding.verdict == "fail" for finding in self.findings))
