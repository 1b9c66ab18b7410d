"""reconcile and audit metrics: each agency's word against the log's."""
import os
import sqlite3
import time
import unittest

import command
import junit


class CleanBusTest(command.BusTest):
    def test_finds_no_difference(self):
        self.petition()
        (summary,) = self.json("reconcile")
        self.assertEqual(summary["differences"], "0")
        self.assertGreaterEqual(int(summary["handoffs"]), 2)
        self.assertEqual(summary["parties"], 7)

    def test_says_so_in_one_line(self):
        out = self.ws("reconcile")
        self.assertEqual(len(out.splitlines()), 1)
        self.assertRegex(out, r"^\d+ handoffs, \d+ entries of 7 parties, \d+ records: 0 differences$")

    def test_measures_handoffs_by_pair(self):
        self.petition()
        pairs = self.json("audit", "metrics")
        (pair,) = [p for p in pairs if p["requester"].endswith("/agency/doj")]
        self.assertTrue(pair["target"].endswith("/agency/ins"))
        self.assertGreaterEqual(int(pair["requested"]), 2)
        self.assertEqual(pair["to_receipt"]["count"], pair["requested"])
        self.assertEqual(pair["open"], pair["requested"])
        self.assertEqual(len(pair["oldest_open_referral_id"]), 32)
        self.assertIn("agency/doj", self.ws("audit", "metrics"))

    def test_measures_handoffs_by_what_the_requesters_told_the_auditor(self):
        self.petition()
        before = self.json("audit", "metrics")
        for _ in range(100):
            procedures = self.json("audit", "metrics", "--by", "procedure")
            if "not told" not in [p["procedure"] for p in procedures]:
                break
            time.sleep(0.1)
        self.assertEqual([p["procedure"] for p in procedures], ["continued presence, initial"])
        self.assertEqual(sum(int(p["requested"]) for p in procedures),
                         sum(int(p["requested"]) for p in before))

    def test_publishes_no_week_that_is_not_over(self):
        result = self.run_code(command.OK, "audit", "metrics", "--published")
        self.assertEqual(result.out, "")
        self.assertIn("no week is over", result.err)

    def test_wants_the_number_of_faults_with_a_seed(self):
        self.run_code(command.USAGE, "reconcile", "--seed", "1")
        self.run_code(command.USAGE, "reconcile", "--inject", "0")


class EditedStoreTest(unittest.TestCase):
    """An agency edits its own database while it is down, and signs what it then has."""

    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)
        self.data = self.home.path("bus")

    def differences_after(self, agency, statement):
        dev = command.start_dev(self.home, "--data", self.data)
        self.addCleanup(dev.kill)
        self.assertEqual(dev.ctrl_c()[0], 0)
        with sqlite3.connect(os.path.join(self.data, agency, "store.db")) as store:
            self.assertEqual(store.execute(statement).rowcount, 1)
        store.close()
        again = command.start_dev(self.home, "--data", self.data)
        self.addCleanup(again.kill)
        result = self.home.run("reconcile", timeout=60)
        self.assertEqual(result.code, command.UNVERIFIED, result.out + result.err)
        self.assertRegex(result.out.splitlines()[-1], r"records: 1 difference$")
        again.ctrl_c()
        return result.out

    def test_names_a_sender_that_altered_its_outbox(self):
        out = self.differences_after("doj", "UPDATE outbox SET envelope_hash = zeroblob(32) WHERE recipient = ''")
        self.assertIn("altered", out)
        self.assertIn("agency/doj: envelope 0000000000000000", out)

    def test_names_a_receiver_that_dropped_a_message(self):
        out = self.differences_after("ins", "DELETE FROM inbox WHERE transition != 0")
        self.assertIn("missing at the receiver", out)
        self.assertIn("agency/ins: nothing", out)


class InjectTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)

    def test_finds_three_hundred_faults_and_nothing_else(self):
        result = self.home.run("reconcile", "--inject", "300", "--seed", "20011015", timeout=240)
        self.assertEqual(result.code, command.OK, result.out + result.err)
        self.assertEqual(result.out.splitlines()[-1], "300 found, 0 false")
        for fault in ("dropped", "doubled", "altered", "reordered", "backdated", "forged receipt"):
            self.assertIn(fault, result.out)
        self.assertEqual(command.processes_of(self.home.dir), {})

    def test_stops_with_its_bus_when_told_to(self):
        running = command.Running(self.home, "reconcile", "--inject", "10")
        running.service("broker")
        code, _ = running.ctrl_c()
        self.assertNotEqual(code, command.UNVERIFIED)
        self.assertEqual(command.processes_of(self.home.dir), {})


if __name__ == "__main__":
    junit.main()
