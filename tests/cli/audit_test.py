"""What the auditor found, as the auditor and the audited type it."""
import json
import os

import command
import junit

ATTEMPTS = 10


class AuditTest(command.BusTest):
    """DOJ and INS ask for the whole record again and again, which only the auditor may."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finding = cls.pose_as("doj")
        cls.other = cls.pose_as("ins")

    @classmethod
    def pose_as(cls, agency):
        """The finding of an agency whose certificate takes the auditor's place in a profile."""
        with open(os.path.join(cls.data, "profile.textproto"), encoding="utf-8") as f:
            profile = f.read()
        posing = os.path.join(cls.data, agency + "-posing.textproto")
        with open(posing, "w", encoding="utf-8") as f:
            f.write(profile.replace("/issued/auditor/", "/issued/agency/%s/" % agency))
        for _ in range(ATTEMPTS):
            refused = cls.home.run("tail", "-n", "1", "--profile", posing)
            assert refused.code == command.DENIED, refused.err
        return command.eventually("the finding of " + agency, lambda: cls.find(agency))

    @classmethod
    def find(cls, agency):
        listed = cls.home.run("-o", "json", "audit", "findings", "--open", "--rule",
                              "refused-attempts", "--party",
                              "spiffe://waystation.example/agency/" + agency)
        assert listed.code == command.OK, listed.err
        return json.loads(listed.out)["finding_id"] if listed.out else None

    def as_agency(self, name):
        place = os.path.join(self.data, "pki/issued/agency", name)
        return ("--credential", os.path.join(place, "tls.pem"), "--key",
                os.path.join(place, "tls-key.pem"))

    def test_a_finding_shows_rule_citation_parties_and_proof(self):
        shown = self.ws("audit", "show", self.finding)
        self.assertIn("refused-attempts:", self.field("rule", shown))
        self.assertIn("POLICY-AU-7", self.field("citation", shown))
        self.assertEqual(self.field("parties", shown), "agency/doj")
        self.assertIn("call POLICY_DENIED", self.field("detail", shown))
        self.assertRegex(self.field("records", shown), r"^\d+")
        self.assertRegex(self.field("act by", shown), r"^\d{4}-\d\d-\d\d ")

    def test_a_party_sees_it_and_others_do_not(self):
        self.assertIn(self.finding, self.ws("audit", "findings", *self.as_agency("doj")))
        self.assertNotIn(self.finding, self.ws("audit", "findings", *self.as_agency("ins")))
        stranger = self.run_code(command.NOT_FOUND, "audit", "show", self.finding,
                                 *self.as_agency("ins"))
        self.assertIn("FINDING_UNKNOWN", stranger.err)

    def test_a_party_responds_and_cannot_close(self):
        said = self.ws("audit", "respond", self.finding, "--corrective-action",
                       "The credential is withdrawn.", *self.as_agency("doj"))
        self.assertIn("agency/doj: The credential is withdrawn.",
                      self.field("corrective action", said))
        denied = self.run_code(command.DENIED, "audit", "close", self.finding, "--reason",
                               "It was a test.", *self.as_agency("doj"))
        self.assertIn("CLOSE_DENIED", denied.err)
        self.assertIn("audit respond", denied.err)

    def test_the_feed_begins_with_what_is_there(self):
        self.assertIn("refused-attempts",
                      self.ws("audit", "tail", "-n", "1", "--rule", "refused-attempts"))

    def assert_fields(self, line, *names):
        for name in names:
            self.assertIn(name, line)

    def test_findings_are_json_as_their_proto_names_them(self):
        fields = ("finding_id", "rule_id", "severity", "title", "citation", "detail",
                  "referral_id", "parties", "sequences", "sequence_count", "opened_time",
                  "changed_time", "act_by_time", "state", "responses", "former_closings",
                  "revision")
        (shown,) = self.json("audit", "show", self.finding)
        self.assert_fields(shown, *fields)
        self.assertEqual(shown["finding_id"], self.finding)
        self.assertEqual((shown["rule_id"], shown["severity"], shown["state"]),
                         ("refused-attempts", "SEVERITY_MODERATE", "FINDING_STATE_OPEN"))
        self.assertEqual(int(shown["sequence_count"]), len(shown["sequences"]))
        told = self.json("audit", "tail", "-n", "2", "--rule", "refused-attempts")
        self.assertEqual({line["finding_id"] for line in told}, {self.finding, self.other})
        self.assertLess(int(told[0]["revision"]), int(told[1]["revision"]))
        for line in told + self.json("audit", "findings"):
            self.assert_fields(line, *fields)

    def test_a_verified_record_is_json_as_its_proto_names_it(self):
        (report,) = self.json("--timeout", "20s", "audit", "verify", "--signatures")
        self.assert_fields(report, "source", "bus_id", "records", "leaves", "checkpoints",
                           "checkpoint", "unsigned_leaves", "cosigned_size", "tiles", "torn",
                           "last_time", "records_per_second", "signatures",
                           "signatures_per_second", "published_size")
        self.assert_fields(report["checkpoint"], "origin", "size", "root", "cosigners")
        self.assertRegex(report["bus_id"], "^[0-9a-f]{32}$")
        self.assertRegex(report["checkpoint"]["root"], "^[0-9a-f]{64}$")
        for cosigner in report["checkpoint"]["cosigners"]:
            self.assert_fields(cosigner, "name", "time")
        self.assertGreater(int(report["records"]), int(report["leaves"]))
        self.assertGreater(int(report["signatures"]), 0)

    def test_a_reconciliation_is_json_as_its_proto_names_it(self):
        (summary,) = self.json("reconcile")
        self.assert_fields(summary, "records", "handoffs", "entries", "parties", "differences")
        self.assertEqual(summary["differences"], "0")

    def test_the_auditor_closes_once(self):
        closed = self.ws("audit", "close", self.other, "--reason", "Looked into.")
        self.assertIn("by auditor: Looked into.", self.field("closed", closed))
        again = self.run_code(command.FAILURE, "audit", "close", self.other, "--reason", "Again.")
        self.assertIn("FINDING_CLOSED", again.err)
        self.assertNotIn(self.other, self.ws("audit", "findings", "--open"))
        self.assertIn(self.other, self.ws("audit", "findings"))
        unknown = self.run_code(command.NOT_FOUND, "audit", "show", "0" * 16)
        self.assertIn("audit findings", unknown.err)

    def test_one_response_is_wanted(self):
        self.run_code(command.USAGE, "audit", "respond", self.finding)
        self.run_code(command.USAGE, "audit", "respond", self.finding, "--concur", "a",
                      "--non-concur", "b")
        self.run_code(command.USAGE, "audit", "findings", "--credential", "only.pem")


if __name__ == "__main__":
    junit.main()
