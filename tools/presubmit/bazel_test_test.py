"""The counting of bazel_test.py: what broke must never be counted as passed."""
import os
import tempfile
import unittest

import bazel_test


def configured(label, size="SMALL"):
    return {"id": {"targetConfigured": {"label": label}},
            "configured": {"testSize": size} if size else {}}


def result(label, status, xml=None, attempt=1):
    outputs = [{"name": "test.xml", "uri": "file://" + xml}] if xml else []
    return {"id": {"testResult": {"label": label, "attempt": attempt}},
            "testResult": {"status": status, "testActionOutput": outputs}}


class Counting(unittest.TestCase):
    def setUp(self):
        handle, self.xml = tempfile.mkstemp(suffix=".xml")
        os.close(handle)
        self.addCleanup(os.remove, self.xml)

    def write(self, text):
        with open(self.xml, "w", encoding="utf-8") as f:
            f.write("<testsuites><testsuite>%s</testsuite></testsuites>" % text)

    def test_counts_cases_and_not_targets(self):
        self.write('<testcase name="a"/><testcase name="b"><failure/></testcase>'
                   '<testcase name="c" status="notrun"/>')
        self.assertEqual((1, 1, 1), bazel_test.cases(self.xml))

    def test_counts_a_crash_after_passing_cases_as_a_failure(self):
        self.write('<testcase name="a"/>')
        event = result("//a:a", "FAILED", self.xml)
        self.assertEqual([1, 1, 0], bazel_test.count(event["testResult"]))

    def test_counts_a_timeout_without_report_as_a_failure(self):
        self.assertEqual([0, 1, 0], bazel_test.count(result("//a:a", "TIMEOUT")["testResult"]))

    def test_counts_the_last_attempt_only(self):
        _, results = bazel_test.collect([result("//a:a", "FAILED"),
                                         result("//a:a", "PASSED", attempt=2)])
        self.assertEqual(["PASSED"], [r["status"] for r in results.values()])

    def test_knows_a_test_that_never_ran(self):
        tests, results = bazel_test.collect([configured("//a:a"), configured("//a:lib", None)])
        self.assertEqual(({"//a:a"}, {}), (tests, results))


if __name__ == "__main__":
    unittest.main()
