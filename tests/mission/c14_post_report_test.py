"""C14: a consular section identifies a person abroad, and passes the report to who acts on it."""
import command
import junit
import mission
from mission import CONSUL, DSS, ORR, PRM, born

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

    def test_child_is_passed_on_to_hhs(self):
        report, person = self.record("--born", born(15))
        self.ws("post-report", "route", report, "--as", CONSUL, "--to", "hhs-child", "--duty",
                DUTY)
        shown = self.await_field("person", person, "certification", "show", person)
        # Before HHS takes it up no letter comes of it.
        self.refuse("CASE_NOT_TAKEN_UP", "POLICY-CH-2", "certification", "propose", person)
        referral = self.field("referral", shown)
        self.ws("take-up", referral, "--as", ORR)
        self.certification("propose", person)

    def test_adult_is_not_passed_on_as_a_child(self):
        report, _ = self.record("--age", "twenty-one-or-older")
        self.refuse_report("NOT_A_CHILD", "POLICY-PO-1", "route", report, "--as", CONSUL, "--to",
                           "hhs-child", "--duty", DUTY)


if __name__ == "__main__":
    junit.main()
