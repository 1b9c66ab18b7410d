"""C14: a consular section identifies a person abroad, and passes the report to who acts on it."""
import command
import junit
import mission
from mission import CHIEF, CONSUL, DSS, INS, ORR, PRM, WORKER, born

DUTY = "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)"
PLAN = ("--contact-way", "SYNTHETIC. The section's desk.", "--contact-hours", "weekdays 10:00",
        "--if-somebody-else", "say wrong extension")


class PostReportTest(mission.MissionTest):
    def record(self, *words):
        """Returns (report, person)."""
        out = self.ws("post-report", "record", "--as", CONSUL, "--post", "CHI", "--circumstances",
                      "SYNTHETIC. Asked for a passport that was taken.", *words)
        return self.field("report", out), self.field("person", out)

    def show(self, report, officer=CONSUL):
        return self.ws("post-report", "show", report, "--as", officer)

    def refuse_report(self, reason, citation, verb, report, *words, code=command.FAILURE):
        with self.unchanged(("post-report", "show", report, "--as", CONSUL)):
            self.refuse(reason, citation, "post-report", verb, report, *words, code=code)

    def test_unit_sees_a_report_that_is_routed_to_it(self):
        for officer, route, other in ((DSS, "diplomatic-security", PRM), (PRM, "prm", DSS)):
            with self.subTest(route=route):
                report, person = self.record("--age", "twenty-one-or-older")
                self.refuse("REPORT_UNKNOWN", report, "post-report", "show", report, "--as",
                            officer, code=command.NOT_FOUND)
                self.ws("post-report", "route", report, "--as", CONSUL, "--to", route)
                self.assertEqual(self.field("person", self.show(report, officer)), person)
                self.refuse_report("REPORT_UNKNOWN", report, "accept", report, "--as", other,
                                   code=command.NOT_FOUND)
                self.ws("post-report", "accept", report, "--as", officer)
                self.assertIn("accepted", self.field("routed to", self.show(report)))
                self.refuse_report("REPORT_ALREADY_ACCEPTED", "the unit has accepted it", "accept",
                                   report, "--as", officer)
                self.refuse_report("REPORT_ALREADY_ROUTED", "has gone there", "route", report,
                                   "--as", CONSUL, "--to", route)

    def test_consular_section_alone_records(self):
        report, _ = self.record()
        self.assertIn(report, self.ws("post-report", "list", "--as", CONSUL))
        with self.unchanged(("post-report", "list", "--as", CONSUL)):
            self.refuse("UNIT_NOT_OWN", "dos/consular", "post-report", "record", "--as", DSS,
                        "--post", "CHI", "--circumstances", "SYNTHETIC.", code=command.DENIED)

    def test_from_a_post_by_diplomatic_security_to_continued_presence(self):
        report, person = self.record("--age", "twenty-one-or-older")
        # The handle alone opens nothing: the report has to reach the unit.
        opening = ("intake", "open", "--as", DSS, "--person", person, "--circumstances",
                   "SYNTHETIC. As the post reported.")
        with self.unchanged(("intake", "list", "--as", DSS)):
            self.refuse("PERSON_UNKNOWN", "person", *opening, code=command.NOT_FOUND)
        self.ws("post-report", "route", report, "--as", CONSUL, "--to", "diplomatic-security")
        self.ws("post-report", "accept", report, "--as", DSS)
        self.assertEqual(self.field("person", self.ws(*opening)), person)
        self.find_severe(person, DSS)
        referral = self.field("referral", self.ws(*self.file_words(person, DSS)))
        self.await_state(referral, "received", DSS)
        command.eventually("the petition at INS", lambda: self.home.run(
            "petition", "show", referral, "--as", INS).code == command.OK)
        at_ins = self.ws("petition", "show", referral, "--as", INS)
        self.assertEqual(self.field("person", at_ins), person)
        self.assertEqual(self.field("petitioner", at_ins), "dos/diplomatic-security")
        self.ws("take-up", referral, "--as", INS)
        self.ws("answer", referral, "--grant", "--mechanism", "parole", "--as", INS)
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", DSS)
        shown = self.ws("petition", "show", referral, "--as", DSS)
        self.assertIn("granted: parole", self.field("decision", shown))
        presence = self.field("presence", shown)
        self.assertIn(person, self.ws("presence", "list", "--as", INS))
        self.await_field("INS told", presence, "certification", "show", person)
        # The post that met the person is not told what became of it.
        self.refuse("REFERRAL_UNKNOWN", "referral", "petition", "show", referral, "--as", CONSUL,
                    code=command.NOT_FOUND)

    def consent(self, person, purpose="investigation", agency="doj"):
        return self.field("consent", self.ws("consent", "record", person, "--as", CONSUL,
                                             "--purpose", purpose, "--agency", agency, "--until",
                                             "+90d"))

    def to_doj(self, report, *basis):
        """Routes the report; returns the referral that DOJ has then, as DOS knows."""
        out = self.ws("post-report", "route", report, "--as", CONSUL, "--to", "doj", *basis)
        referral = self.fields("routed to", out)[-1].split("referral ")[1]
        for officer in (WORKER, CONSUL):
            self.arrived(referral, officer)
        return referral

    def test_from_a_post_to_an_intake_of_doj(self):
        report, person = self.record("--age", "twenty-one-or-older", *PLAN)
        opening = ("intake", "open", "--as", WORKER, "--person", person, "--circumstances",
                   "SYNTHETIC. As the post reported.")
        with self.unchanged(("intake", "list", "--as", WORKER)):
            self.refuse("PERSON_UNKNOWN", "person", *opening, code=command.NOT_FOUND)
        referral = self.to_doj(report, "--consent", self.consent(person))
        self.assertIn("doj/worker-exploitation", self.field("next move", self.show(report)))
        at_doj = self.ws("case", "show", referral, "--as", WORKER)
        self.assertEqual(self.field("person", at_doj), person)
        for part in (report, "dos/consular", "weekdays 10:00"):
            self.assertIn(part, at_doj)
        self.ws("take-up", referral, "--as", WORKER)
        answer = ("answer", referral, "--as", WORKER, "--body",
                  '{"kind": "intake-opened", "unit": "doj/worker-exploitation"}')
        with self.unchanged(("case", "show", referral, "--as", WORKER)):
            self.refuse("INTAKE_MISSING", person, *answer)
        self.assertEqual(self.field("person", self.ws(*opening)), person)
        self.ws(*answer)
        shown = self.await_field("state", "answered", "case", "show", referral, "--as", CONSUL)
        self.assertIn("intake opened", shown)

    def test_other_units_do_not_see_that_it_went_to_doj(self):
        report, _ = self.record("--age", "twenty-one-or-older")
        self.ws("post-report", "route", report, "--as", CONSUL, "--to", "prm")
        referral = self.to_doj(report, "--duty", DUTY)
        self.assertEqual(len(self.fields("routed to", self.show(report))), 2)
        self.assertEqual(len(self.fields("routed to", self.show(report, PRM))), 1)
        self.assertNotIn("doj/", self.show(report, PRM))
        self.refuse("REPORT_UNKNOWN", report, "post-report", "show", report, "--as", DSS,
                    code=command.NOT_FOUND)
        for officer in (PRM, DSS):
            self.assertNotIn(referral, self.ws("case", "list", "--as", officer))
            self.assertIn("dos/consular", self.field("withheld", self.ws(
                "case", "show", referral, "--as", officer)))

    def test_in_danger_doj_has_it_at_once_and_at_any_age(self):
        for age in (("--born", born(15)), ()):
            with self.subTest(age=age):
                report, person = self.record(*age, "--danger-now")
                referral = self.to_doj(report, "--emergency", "SYNTHETIC. Threatened.")
                at_doj = self.ws("case", "show", referral, "--as", WORKER)
                self.assertEqual(self.field("person", at_doj), person)
                self.assertIn("needed sooner by the requester", at_doj)

    def test_goes_to_doj_once_from_its_own_unit_on_a_basis_that_covers_it(self):
        report, person = self.record("--age", "twenty-one-or-older")
        _, somebody = self.record()
        consent = self.consent(person)
        route = ("route", report, "--to", "doj")
        with self.unchanged(("post-report", "show", report, "--as", CONSUL)):
            refused = self.run_code(command.USAGE, "post-report", *route, "--as", CONSUL)
            self.assertIn("basis: missing", refused.err)
        for wrong in (self.consent(person, "services"), self.consent(person, agency="hhs"),
                      self.consent(somebody)):
            self.refuse_report("CONSENT_NOT_COVERING", "POLICY-CN-2", *route, "--as", CONSUL,
                               "--consent", wrong)
        self.refuse_report("FIELD_INVALID", "has_guardian", *route, "--as", CONSUL, "--consent",
                           consent, "--has-guardian")
        for officer in (DSS, PRM):
            self.refuse_report("UNIT_NOT_OWN", "dos/consular", *route, "--as", officer,
                               "--consent", consent, code=command.DENIED)
        # By hand nothing goes out beside the report's record.
        body = '{"call_id": "%s", "circumstances": "SYNTHETIC. Told otherwise."}' % report
        with self.unchanged(("case", "list", "--person", person, "--as", CONSUL),
                            ("case", "list", "--person", person, "--as", WORKER)):
            self.refuse("REPORT_RECORD_NEEDED", "POLICY-PO-2", "case", "open", "--as", CONSUL,
                        "--to-unit", "doj/worker-exploitation", "--type", "complaint", "--body",
                        body, "--person", person, "--basis", "consent:" + consent)
        self.to_doj(report, "--consent", consent)
        self.refuse_report("REPORT_ALREADY_ROUTED", "has gone there", *route, "--as", CONSUL,
                           "--consent", consent)

    def test_report_that_doj_returned_can_go_there_again(self):
        report, _ = self.record()
        referral = self.to_doj(report, "--duty", DUTY)
        self.ws("return", referral, "--as", WORKER, "--kind", "incomplete", "--reason",
                "SYNTHETIC. Which place?")
        self.await_field("state", "returned", "case", "show", referral, "--as", CONSUL)
        self.assertNotEqual(self.to_doj(report, "--duty", DUTY), referral)
        self.assertEqual(len(self.fields("routed to", self.show(report))), 2)

    def test_child_or_unknown_age_is_passed_on_to_hhs(self):
        for age in (("--born", born(15)), ()):
            with self.subTest(age=age):
                report, person = self.record(*age)
                self.ws("post-report", "route", report, "--as", CONSUL, "--to", "hhs-child",
                        "--duty", DUTY)
                shown = self.await_field("person", person, "certification", "show", person)
                # Before HHS takes it up no letter comes of it.
                self.refuse("CASE_NOT_TAKEN_UP", "POLICY-CH-2", "certification", "propose", person)
                referral = self.field("referral", shown)
                self.ws("take-up", referral, "--as", ORR)
                out = self.certification("propose", person)
                self.assertTrue(self.field("proposed", out).startswith("eligibility"))

    def test_adult_is_not_passed_on_as_a_child(self):
        report, _ = self.record("--age", "twenty-one-or-older")
        self.refuse_report("NOT_A_CHILD", "POLICY-PO-1", "route", report, "--as", CONSUL, "--to",
                           "hhs-child", "--duty", DUTY)


if __name__ == "__main__":
    junit.main()
