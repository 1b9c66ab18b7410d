"""C14: a consular section identifies a person abroad, and passes the report to who acts on it."""
import command
import junit
import mission
from mission import CHIEF, CONSUL, DSS, INS, ORR, PRM, born

DUTY = "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)"


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
