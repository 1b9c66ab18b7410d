"""Runs the unittest cases of a file and writes $XML_OUTPUT_FILE, one testcase each."""
import os
import sys
import time
import unittest
import xml.etree.ElementTree as ET


class _Result(unittest.TextTestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.suite = ET.Element("testsuite", name=os.path.basename(sys.argv[0]))
        self._begin = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self._begin = time.monotonic()

    def _case(self, test, kind=None, text=""):
        group, _, name = test.id().rpartition(".")
        case = ET.SubElement(self.suite, "testcase", classname=group, name=name,
                             time="%.3f" % (time.monotonic() - self._begin))
        if kind:
            ET.SubElement(case, kind).text = text

    def addSuccess(self, test):
        super().addSuccess(test)
        self._case(test)

    # A failed setUpClass comes here too, and counts as one failed case.
    def addError(self, test, err):
        super().addError(test, err)
        self._case(test, "error", self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._case(test, "failure", self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._case(subtest, "failure", str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._case(test, "skipped", reason)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(verbosity=2, resultclass=_Result).run(suite)
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        ET.ElementTree(result.suite).write(path, encoding="utf-8", xml_declaration=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
