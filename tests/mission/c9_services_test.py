"""C9: job training and One-Stop services, whatever the person's status, letter or not."""
import command
import junit
import mission
from mission import DIRECTOR, ETA, LINE, ORR, born

OUTCOME = "job-training=enrolled,wage-claim=not-reached"


class ServicesTest(mission.MissionTest):
    def person(self, *age):
        """One who came by an organization: no finding, no petition, no letter."""
        return self.field("person", self.certification("open", "--door", "ngo", *age))

    def consent(self, person, purpose="services", agency="dol", *words):
        return self.field("consent", self.ws(
            "consent", "record", person, "--as", ORR, "--purpose", purpose, "--agency", agency,
            "--until", "+180d", *words))

    def refer_words(self, person, consent, *words):
        return ("services", "refer", "--as", ORR, "--person", person, "--consent", consent,
                "--service", "job-training,wage-claim", "--needs", "SYNTHETIC. Evenings only.",
                *words)

    def refer(self, person, *words):
        """HHS refers, and DOL has it; returns the referral."""
        out = self.ws(*self.refer_words(person, self.consent(person), *words))
        referral = self.field("referral", out)
        self.arrived(referral, ETA)
        return referral

    def serve(self, referral):
        """The One-Stop coordinator takes it up and answers, and HHS has the answer."""
        self.ws("take-up", referral, "--as", ETA)
        self.ws("services", "answer", referral, "--outcome", OUTCOME)
        shown = self.await_field("state", "answered", "services", "show", referral, "--as", ORR)
        for word in ("enrolled", "not reached"):
            self.assertIn(word, shown)

    def test_served_without_a_letter(self):
        person = self.person("--age", "twenty-one-or-older")
        self.assertEqual(self.fields("letter", self.certification("show", person)), [])
        referral = self.refer(person)
        shown = self.ws("services", "show", referral, "--as", ETA)
        self.assertEqual(self.field("person", shown), person)
        self.assertEqual(self.fields("against it", shown), [])
        self.serve(referral)

    def test_served_with_a_letter(self):
        person = self.person("--born", born(17))
        self.certification("propose", person)
        out = self.certification("confirm", person, officer=DIRECTOR)
        number = self.field("letter", out).split(", ")[0]
        words = ("--given-by", "guardian", "--child")
        out = self.ws(*self.refer_words(person, self.consent(person, "services", "dol", *words),
                                        "--letter", number))
        referral = self.field("referral", out)
        self.arrived(referral, ETA)
        self.assertIn(number, self.ws("services", "show", referral, "--as", ETA))
        self.serve(referral)

    def test_letter_of_another_person_is_not_named(self):
        owner = self.person()
        self.certification("propose", owner)
        out = self.certification("confirm", owner, officer=DIRECTOR)
        number = self.field("letter", out).split(", ")[0]
        person = self.person("--age", "twenty-one-or-older")
        consent = self.consent(person)
        with self.unchanged(("case", "list", "--as", ORR)):
            self.refuse("LETTER_UNKNOWN", "not the person's letter",
                        *self.refer_words(person, consent, "--letter", number),
                        code=command.NOT_FOUND)

    def test_referral_rests_on_a_consent_to_services_at_dol(self):
        person = self.person("--age", "twenty-one-or-older")
        for consent in (self.consent(person, "return", "dol"), self.consent(person, "services",
                                                                           "dos")):
            with self.subTest(consent=consent), self.unchanged(("case", "list", "--as", ORR)):
                self.refuse("CONSENT_NOT_COVERING", "POLICY-CN-2",
                            *self.refer_words(person, consent))

    def test_every_service_is_answered(self):
        referral = self.refer(self.person("--age", "twenty-one-or-older"))
        self.ws("take-up", referral, "--as", ETA)
        with self.unchanged(("services", "show", referral)):
            self.refuse("FIELD_INVALID", "one for each service asked for", "services", "answer",
                        referral, "--outcome", "job-training=enrolled")
        self.ws("services", "answer", referral, "--outcome", OUTCOME)

    def test_complaint_line_reads_it_withheld(self):
        person = self.person("--age", "twenty-one-or-older")
        referral = self.refer(person)
        self.assertIn("Evenings only", self.ws("case", "show", referral, "--as", ETA))
        shown = self.ws("case", "show", referral, "--as", LINE)
        self.assertIn("dol/eta", self.field("withheld", shown))
        for hidden in ("Evenings only", "job-training", "consent-", "basis "):
            self.assertNotIn(hidden, shown)
        with self.unchanged(("case", "show", referral, "--as", ETA)):
            self.refuse("UNIT_NOT_OWN", "dol/eta", "take-up", referral, "--as", LINE,
                        code=command.DENIED)


if __name__ == "__main__":
    junit.main()
