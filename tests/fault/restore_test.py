"""A broker whose disk is lost and comes back from an older backup, as its operator lives it.

The bus is that of `waystation dev`, with six agencies and the auditor. What was accepted after the
backup is on no journal any more: the agencies bring it back, and the auditor says when all is there.
"""
import base64
import json
import os
import re
import shutil

import command
import junit

REPAIRED = 120.0
FBI, INS, CHIEF = "agent-1101", "adjudicator-2101", "supervisor-2103"
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RestoreTest(command.BusTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = os.path.join(cls.data, "broker/journal")
        cls.key = os.path.join(cls.data, "pki/audit-log-key.pem")
        cls.policy = os.path.join(cls.data, "audit-log-policy")

    def stop(self):
        code, _ = self.dev.ctrl_c()
        self.assertEqual(code, command.OK, self.dev.text())

    def start(self):
        type(self).dev = command.start_dev(self.home, "--data", self.data)
        self.addClassCleanup(self.dev.kill)

    def take_up(self, referral):
        self.ws("take-up", referral, "--as", INS)

    def grant(self, referral):
        self.ws("answer", referral, "--grant", "--mechanism", "parole", "--as", INS)
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)

    def come_to_rest(self):
        def rested():
            (status,) = self.json("status")
            return not any(int(queue.get(count, 0)) for queue in status["queues"]
                           for count in ("waiting", "leased", "dead"))
        command.eventually("every queue to be empty", rested, REPAIRED)

    def accepted(self):
        """{message id: sequence} of the record."""
        found = {}
        (status,) = self.json("status")
        for record in self.json("tail", "--from", "1", "-n", status["last_sequence"]):
            if "accepted" not in record:
                continue
            header = base64.b64decode(record["accepted"]["header"])
            message_id = UUID.search(header).group().decode()  # The header's first field.
            self.assertNotIn(message_id, found, "twice on the record")
            found[message_id] = int(record["sequence"])
        return found

    def test_what_was_accepted_after_the_backup_comes_back_from_the_senders(self):
        before = [self.petition(), self.petition()]
        self.take_up(before[0])
        self.come_to_rest()
        self.stop()
        backup = self.home.path("backup")
        shutil.copytree(self.journal, backup)

        # What the backup does not have: a new petition, and the other halves of two.
        self.start()
        self.grant(before[0])
        self.take_up(before[1])
        after = self.petition()
        self.take_up(after)
        self.grant(after)
        self.await_state(before[1], "taken up", FBI)
        self.come_to_rest()
        record = self.accepted()
        self.stop()

        shutil.rmtree(self.journal)
        shutil.copytree(backup, self.journal)
        refused = self.home.run("dev", "--once", "--data", self.data, timeout=60)
        self.assertNotEqual(refused.code, command.OK)
        self.assertIn("the journal is older than what was signed", refused.err)
        self.assertIn("Restore", refused.err)

        # The operator's word: another log.
        for name in (self.key, self.key + ".last"):
            os.rename(name, name + ".former")
        same = self.run_code(command.FAILURE, "pki", "log-key", self.key, "--origin",
                             "waystation.example/log/1", "--policy", self.policy)
        self.assertIn("a name that no log had before", same.err)
        self.ws("pki", "log-key", self.key, "--origin", "waystation.example/log/2", "--policy",
                self.policy)
        self.start()

        # The bus has everything again, once, and nobody has a problem to look at.
        command.eventually("every message on the record", lambda: set(record) <= set(
            self.accepted()), REPAIRED)
        self.come_to_rest()
        self.assertGreater(len(record), 10)
        for referral in (before[0], after):
            self.assertEqual(self.state(referral, FBI), "answered")
            # Exits 0 only when every signature verified.
            self.assertIn("VERIFIED", self.ws("history", referral, "--as", FBI))
        self.assertEqual(self.state(before[1], FBI), "taken up")
        self.assertNotIn("problem", self.ws("inbox", "--as", FBI))
        # And it goes on.
        self.grant(before[1])
        self.come_to_rest()

        # The auditor said so, and when it was over.
        def ended():
            findings = self.json("audit", "findings", "--rule", "record-restored")
            return findings if findings and findings[0]["state"].endswith("CLOSED") else None
        (finding,) = command.eventually("the finding to end", ended, REPAIRED)
        self.assertIn("waystation.example/log/2", finding["detail"])
        begun = int(re.search(r"was begun with record (\d+)", finding["detail"]).group(1))
        # One of them may by chance stand where it stood before.
        gone = [each for each, sequence in record.items() if sequence >= begun]
        self.assertTrue(gone, "the backup was not older")
        self.assertIn("are not on it: %d: " % len(gone), finding["detail"])
        self.assertIn("every message that was lost is on it again", json.dumps(finding))
        opened = {each["rule_id"] for each in self.json("audit", "findings", "--open")}
        self.assertFalse(opened & {"record-restored", "log-split", "log-inconsistent",
                                   "impossible-step", "content-changed"}, opened)
        (summary,) = self.json("reconcile")
        self.assertEqual(summary["differences"], "0")
        self.ws("audit", "verify")
        # What was signed before holds still, by the policy of before.
        self.assertTrue(os.path.exists(self.policy + ".waystation.example-log-1.former"))


if __name__ == "__main__":
    junit.main()
