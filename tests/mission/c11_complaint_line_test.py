"""C11: the toll-free line. Call, intake, answer, under one handle and with the caller's say."""
import command
import junit
import mission
from mission import FBI, LINE, LINE_2, WORKER, born

DUTY = "TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)"
PLAN = ("--contact-way", "SYNTHETIC. The shelter's desk.", "--contact-hours", "weekdays 10:00",
        "--if-somebody-else", "say wrong extension")


class ComplaintLineTest(mission.MissionTest):
    def call(self, *words, age=("--age", "twenty-one-or-older")):
        """Records a call, of an adult unless said; returns (call, person)."""
        out = self.ws("call", "record", "--as", LINE, *age, "--circumstances",
                      "SYNTHETIC. Kept in a house, papers taken.",
                      *(words if "--wish" in words else ("--wish", "services", *words)))
        return self.field("call", out), self.field("person", out)

    def shown(self, call):
        return self.ws("call", "show", call, "--as", LINE_2)

    def refuse_call(self, reason, citation, verb, call, *words):
        """The verb is refused, and the call is what it was."""
        with self.unchanged(("call", "show", call, "--as", LINE)):
            return self.refuse(reason, citation, "call", verb, call, *words, "--as", LINE)

    def consent(self, person, purpose="investigation", agency="doj", *words):
        return self.field("consent", self.ws(
            "consent", "record", person, "--as", LINE, "--purpose", purpose, "--agency", agency,
            "--until", "+90d", *words))

    def referred(self, call, *basis):
        """Refers the call to DOJ, which has it; returns the referral."""
        out = self.ws("call", "refer", call, "--as", LINE, *basis)
        referral = self.field("complaint", out).split(", ")[0]
        self.arrived(referral, WORKER)
        return referral

    def test_record_has_a_handle_and_no_caller_id(self):
        call, person = self.call("--wish", "investigation,information", "--language", "th")
        shown = self.shown(call)
        self.assertRegex(person, r"^pv-")
        self.assertEqual(self.field("person", shown), person)
        self.assertEqual(self.field("language", shown), "th")
        with self.unchanged(("call", "list", "--as", LINE)):
            self.refuse("CALLER_ID_NOT_ALLOWED", "POLICY-CL-1", "call", "record", "--as", LINE,
                        "--circumstances", "SYNTHETIC. Calls from 555-010-0199.")

    def test_nobody_calls_back_without_a_plan(self):
        call, _ = self.call()
        self.refuse_call("SAFE_CONTACT_MISSING", "POLICY-CL-3", "call-back", call, "--outcome",
                         "reached")
        self.ws("call", "safe-contact", call, "--as", LINE, *PLAN)
        out = self.ws("call", "call-back", call, "--as", LINE_2, "--outcome", "reached")
        self.assertIn("reached", self.field("called back", out))
        # A plan taken back is no plan.
        self.ws("call", "safe-contact", call, "--as", LINE, "--nobody")
        self.refuse_call("SAFE_CONTACT_MISSING", "POLICY-CL-3", "call-back", call, "--outcome",
                         "not-reached")

    def test_doj_answers_after_an_intake_with_the_same_handle(self):
        call, person = self.call("--wish", "investigation", *PLAN)
        referral = self.referred(call, "--consent", self.consent(person))
        at_doj = self.ws("case", "show", referral, "--as", WORKER)
        self.assertEqual(self.field("person", at_doj), person)
        self.assertIn("weekdays 10:00", at_doj)
        self.ws("take-up", referral, "--as", WORKER)
        answer = ("answer", referral, "--as", WORKER, "--body",
                  '{"kind": "intake-opened", "unit": "doj/worker-exploitation"}')
        with self.unchanged(("case", "show", referral, "--as", WORKER)):
            self.refuse("INTAKE_MISSING", person, *answer)
        out = self.ws("intake", "open", "--as", WORKER, "--person", person, "--circumstances",
                      "SYNTHETIC. As the caller reported.")
        self.assertEqual(self.field("person", out), person)
        self.ws(*answer)
        command.eventually("the answer at the line", lambda: "intake opened" in self.shown(call))
        self.assertEqual(self.field("complaint", self.shown(call)), referral + ", answered")

    def test_referral_rests_on_a_consent_that_covers_it(self):
        call, person = self.call()
        other, somebody = self.call()
        for_services = self.consent(person, "services", "dol")
        of_another = self.consent(somebody)
        for consent in (for_services, of_another):
            with self.subTest(consent=consent):
                self.refuse_call("CONSENT_NOT_COVERING", "POLICY-CN-2", "refer", call, "--consent",
                                 consent)
        withdrawn = self.consent(person)
        self.ws("consent", "withdraw", withdrawn, "--as", LINE, "--reason", "SYNTHETIC. Afraid.")
        self.refuse_call("CONSENT_ENDED", "POLICY-CN-1", "refer", call, "--consent", withdrawn)
        self.assertEqual(self.fields("complaint", self.shown(call)), [])
        self.referred(call, "--consent", self.consent(person))
        self.refuse_call("CALL_ALREADY_REFERRED", "POLICY-CL-6", "refer", call, "--consent",
                         self.consent(person))
        self.assertEqual(self.fields("complaint", self.shown(other)), [])

    def test_child_does_not_consent_alone(self):
        for age in (("--born", born(17)), ()):
            with self.subTest(age=age):
                call, person = self.call(age=age)
                with self.unchanged(("consent", "list", person, "--as", LINE)):
                    self.refuse("GUARDIAN_REQUIRED", "POLICY-CH-1", "consent", "record", person,
                                "--as", LINE, "--purpose", "investigation", "--agency", "doj",
                                "--until", "+90d", "--child")
                # Recorded as if an adult had given it: the call's record knows better.
                self.refuse_call("GUARDIAN_REQUIRED", "POLICY-CH-1", "refer", call, "--consent",
                                 self.consent(person))
                self.referred(call, "--consent", self.consent(
                    person, "investigation", "doj", "--child", "--given-by", "guardian"))

    def test_child_or_unknown_age_is_referred_to_hhs(self):
        for age in (("--born", born(17)), ()):
            with self.subTest(age=age):
                call, person = self.call(age=age)
                out = self.ws("call", "refer-child", call, "--as", LINE, "--duty", DUTY)
                shown = self.await_field("person", person, "certification", "show", person)
                self.assertIn(self.field("referral", shown), out)
                self.assertEqual(self.field("letter due", shown), "eligibility")
        call, _ = self.call(age=("--born", born(18)))
        self.refuse_call("NOT_A_CHILD", "POLICY-CL-7", "refer-child", call, "--duty", DUTY)

    def test_without_consent_only_where_somebody_is_in_danger_now(self):
        words = ("--emergency", "SYNTHETIC. Threatened with a weapon.")
        call, _ = self.call()
        self.refuse_call("EMERGENCY_NOT_RECORDED", "POLICY-CL-4", "refer", call, *words)
        danger, _ = self.call("--danger-now")
        self.assertTrue(self.field("NOW 1", self.shown(danger)))
        referral = self.referred(danger, *words)
        self.assertIn("emergency", self.field("basis", self.ws("case", "show", referral, "--as",
                                                               WORKER)))

    def test_emergency_repeated_under_its_request_id_is_referred_once(self):
        call, _ = self.call("--danger-now")
        words = ("call", "refer", call, "--as", LINE, "--emergency", "SYNTHETIC. Threatened.",
                 "--request-id", command.request_id())
        [first] = self.json(*words)
        # The emergency ends 24 hours after the first try, not the second.
        self.assertEqual(self.json(*words), [first])
        self.assertEqual(len(self.fields("complaint", self.shown(call))), 1)

    def test_calls_are_linked_only_with_the_callers_agreement(self):
        first, person = self.call()
        second, other = self.call()
        self.assertNotEqual(person, other)
        with self.unchanged(("call", "show", first, "--as", LINE)):
            self.refuse_call("LINK_NOT_AGREED", "POLICY-CL-5", "link", second, first)
        out = self.ws("call", "link", second, first, "--as", LINE, "--caller-agrees")
        self.assertEqual(self.field("linked", out), first)
        self.assertEqual(self.field("person", out), person)
        self.assertEqual(self.field("linked", self.shown(first)), second)

    def test_line_alone_reads_a_call(self):
        call, _ = self.call()
        self.refuse("UNIT_NOT_OWN", "dol/complaint-line", "call", "show", call, "--as",
                    mission.ETA, code=command.DENIED)


if __name__ == "__main__":
    junit.main()
