"""C15: law enforcement is never the only door, and it is told nothing of the others."""
import json

import command
import junit
import mission
from mission import (CONSUL, DIRECTOR, DSS, ETA, FBI, INS, LINE, ORR, OVC, USAID, WORKER, born)

CLOSED = "POLICY-IR-2"
DUTY = "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)"
PLAN = ("--contact-way", "SYNTHETIC. The shelter's desk.", "--contact-hours", "weekdays 10:00",
        "--if-somebody-else", "say wrong extension")


class OtherDoorsTest(mission.MissionTest):
    def enforcement(self):
        """What those who enforce the law see, to be read before and after."""
        return [(*verb, "--as", officer)
                for officer, verbs in ((FBI, (("inbox", "--all"), ("case", "list"),
                                              ("petition", "list"), ("intake", "list"))),
                                       (WORKER, (("case", "list"),)),
                                       (DSS, (("inbox", "--all"), ("case", "list"))),
                                       (INS, (("inbox", "--all"), ("petition", "list"))))
                for verb in verbs]

    def open_words(self, officer, kind, body, person="pv-syn-child", to_unit="hhs/orr"):
        return ("case", "open", "--as", officer, "--to-unit", to_unit, "--type", kind, "--body",
                json.dumps(body), "--person", person, "--basis", "duty:" + DUTY)

    def taken_in(self, referral, person, officer):
        """HHS takes the child's referral up, and two officials issue the letter."""
        shown = self.await_field("person", person, "certification", "show", person)
        self.assertEqual(self.field("referral", shown), referral)
        self.refuse("CASE_NOT_TAKEN_UP", "POLICY-CH-2", "certification", "propose", person)
        self.ws("take-up", referral, "--as", ORR)
        self.await_field("state", "taken up", "case", "show", referral, "--as", officer)
        self.certification("propose", person)
        out = self.certification("confirm", person, officer=DIRECTOR)
        self.assertIn("eligibility", self.field("letter", out))

    def call(self, *words):
        """Returns (call, person)."""
        out = self.ws("call", "record", "--as", LINE, "--wish", "services", "--circumstances",
                      "SYNTHETIC. Found working at night.", *words)
        return self.field("call", out), self.field("person", out)

    def test_organization_or_the_person_reaches_hhs(self):
        for door in ("ngo", "self"):
            with self.subTest(door=door), self.unchanged(*self.enforcement()):
                out = self.certification("open", "--door", door, "--age", "twenty-one-or-older")
                person = self.field("person", out)
                self.assertIn(door, self.field("came by", out))
                # Services come before any certification, and without one.
                consent = self.field("consent", self.ws(
                    "consent", "record", person, "--as", ORR, "--purpose", "services", "--agency",
                    "dol", "--until", "+90d"))
                referral = self.field("referral", self.ws(
                    "services", "refer", "--as", ORR, "--person", person, "--consent", consent,
                    "--service", "job-training"))
                self.arrived(referral, ETA)
                self.ws("take-up", referral, "--as", ETA)
                self.ws("services", "answer", referral, "--outcome", "job-training=enrolled")
                self.await_field("state", "answered", "services", "show", referral, "--as", ORR)
                self.assertEqual(self.fields("letter", self.certification("show", person)), [])

    def test_organization_brings_a_child_without_law_enforcement(self):
        for age in (("--born", born(14)), ("--born", born(17)), ()):
            with self.subTest(age=age), self.unchanged(*self.enforcement()):
                person = self.field("person", self.certification("open", "--door", "ngo", *age))
                self.certification("propose", person)
                out = self.certification("confirm", person, officer=DIRECTOR)
                self.assertIn("eligibility", self.field("letter", out))

    def test_line_refers_a_child_to_hhs(self):
        call, person = self.call("--born", born(15))
        with self.unchanged(*self.enforcement()):
            out = self.ws("call", "refer-child", call, "--as", LINE, "--duty", DUTY)
            shown = self.await_field("person", person, "certification", "show", person)
            referral = self.field("referral", shown)
            self.assertIn(referral, out)
            self.taken_in(referral, person, LINE)

    def test_adult_is_not_referred_as_a_child(self):
        call, _ = self.call("--born", born(18))
        with self.unchanged(("call", "show", call, "--as", LINE), ("case", "list", "--as", ORR)):
            self.refuse("NOT_A_CHILD", "POLICY-CL-7", "call", "refer-child", call, "--as", LINE,
                        "--duty", DUTY)

    def test_post_refers_a_child_to_hhs(self):
        out = self.ws("post-report", "record", "--as", CONSUL, "--post", "CHI", "--circumstances",
                      "SYNTHETIC. Asked for help at the window.", "--born", born(17))
        report, person = self.field("report", out), self.field("person", out)
        with self.unchanged(*self.enforcement()):
            self.ws("post-report", "route", report, "--as", CONSUL, "--to", "hhs-child", "--duty",
                    DUTY)
            shown = self.await_field("person", person, "certification", "show", person)
            self.taken_in(self.field("referral", shown), person, CONSUL)

    def test_every_agency_may_start_a_childs_referral(self):
        for number, officer in enumerate((FBI, OVC, INS, CONSUL, USAID)):
            person = "pv-syn-child-%d" % number
            with self.subTest(officer=officer):
                out = self.ws(*self.open_words(officer, "child-referral", {
                    "circumstances": "SYNTHETIC. Found working at night.",
                    "hasGuardian": False}, person))
                self.taken_in(self.field("referral", out), person, officer)

    def test_referral_to_who_does_not_take_it_is_refused_at_the_desk(self):
        body = {"circumstances": "SYNTHETIC. Found working at night."}
        with self.unchanged(("case", "list", "--as", OVC), ("case", "list", "--as", ETA)):
            self.refuse("FIELD_INVALID", "does not take", *self.open_words(
                OVC, "child-referral", body, to_unit="dol/eta"))
            self.refuse("NAME_NOT_ALLOWED", "circumstances", *self.open_words(
                OVC, "child-referral", {"circumstances": "Name: SYNTHETIC"}))

    def test_enforcement_is_not_told_what_a_person_says_where_services_are_given(self):
        person = self.field("person", self.certification("open", "--door", "self", "--age",
                                                         "twenty-one-or-older"))
        for officer in (FBI, OVC):
            with self.subTest(officer=officer), self.unchanged(
                    ("certification", "show", person, "--as", ORR)):
                out = self.ws(*self.open_words(officer, "information-request", {
                    "kind": "service-content", "purpose": "SYNTHETIC. To find the person."},
                    person))
                referral = self.field("referral", out)
                shown = self.await_field("state", "returned", "case", "show", referral, "--as",
                                         officer)
                self.assertEqual(self.field("citation", shown), CLOSED)
                self.assertIn("not open to the unit", self.field("reason", shown))
                self.assertEqual(self.fields("answer:", shown), [])

    def test_enforcement_may_ask_whether_a_letter_was_issued(self):
        out = self.ws(*self.open_words(FBI, "information-request", {
            "kind": "letter-status", "purpose": "SYNTHETIC. To schedule the trial."}))
        referral = self.field("referral", out)
        self.arrived(referral, FBI)
        self.ws("take-up", referral, "--as", ORR)
        self.ws("answer", referral, "--as", ORR, "--body", '{"text": "SYNTHETIC. None."}')
        self.await_field("state", "answered", "case", "show", referral, "--as", FBI)

    def test_contact_without_a_plan_is_refused(self):
        call, _ = self.call("--age", "twenty-one-or-older")
        back = ("call", "call-back", call, "--as", LINE, "--outcome", "reached")
        with self.unchanged(("call", "show", call, "--as", LINE)):
            self.refuse("SAFE_CONTACT_MISSING", "POLICY-CL-3", *back)
        # Half a plan is none: what to do when somebody else answers is missing.
        out = self.ws("call", "safe-contact", call, "--as", LINE, *PLAN[:4])
        self.assertIn("not in force", self.field("nobody may call", out))
        with self.unchanged(("call", "show", call, "--as", LINE)):
            self.refuse("SAFE_CONTACT_MISSING", "POLICY-CL-3", *back)
        self.ws("call", "safe-contact", call, "--as", LINE, *PLAN)
        self.ws(*back)


if __name__ == "__main__":
    junit.main()
