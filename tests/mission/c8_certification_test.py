"""C8: certification of adults, eligibility of children, and the letter that a person carries."""
import json

import command
import junit
import mission
from mission import AG, CHIEF, DIRECTOR, FBI, INS, ORR, WILLING, born

WILLINGNESS = "22 U.S.C. 7105(b)(1)(E)(i)(I))"
STATUS = "22 U.S.C. 7105(b)(1)(E)(i)(II))"
CONSULTED = "22 U.S.C. 7105(b)(1)(E)(i))"
ONLY_WHILE_NECESSARY = "22 U.S.C. 7105(b)(1)(E)(ii))"
KIND_BY_AGE = "22 U.S.C. 7105(b)(1)(C)(ii))"
NO_COOPERATION = "22 U.S.C. 7105(b)(1)(C)(ii)(I))"
LONG_SINCE = ("--from", mission.day(-10).isoformat())


class CertificationTest(mission.MissionTest):
    def refuse_case(self, reason, citation, verb, person, *words, officer=ORR):
        """The verb is refused, and the case is what it was."""
        with self.unchanged(("certification", "show", person, "--as", ORR)):
            return self.refuse(reason, citation, "certification", verb, person, *words,
                               "--as", officer)

    def adult(self, *days):
        """A person of 18 or older whom INS lets stay; returns (person, presence)."""
        person, presence = self.let_stay(*days)
        self.certification("facts", person, "--age", "twenty-one-or-older")
        return person, presence

    def walked_in(self, *age):
        """One who came by an organization, without any law enforcement."""
        return self.field("person", self.certification("open", "--door", "ngo", *age))

    def consult(self, person, **answer):
        """HHS consults the Attorney General, who answers."""
        out = self.certification("consult", person)
        referral = self.field("consultation", out).split(", ")[-1]
        self.arrived(referral, AG)
        self.ws("take-up", referral, "--as", AG)
        self.ws("answer", referral, "--as", AG, "--body", json.dumps(answer))
        self.await_field("attorney general", answer["view"], "certification", "show", person)

    def issue(self, person, *words):
        """Two officials of HHS issue the letter; returns its number."""
        self.certification("propose", person, *words)
        out = self.certification("confirm", person, officer=DIRECTOR)
        return self.field("letter", out).split(", ")[0]

    def certify(self, *days):
        """Returns (person, presence, number)."""
        person, presence = self.adult(*days)
        self.certification("willingness", person, *WILLING)
        self.consult(person, view="concurs")
        return person, presence, self.issue(person)

    def verify_words(self, number):
        return ("letter", "verify", number, "--office", "SYN county office", "--benefit",
                "medicaid,food-stamps")

    def verified(self, number):
        return self.field("state", self.ws(*self.verify_words(number)))

    def end(self, person, presence, last_day):
        """Two officials of INS end the presence, and HHS has the notice."""
        for officer in (INS, CHIEF):
            self.ws("presence", "end", presence, "--kind", "no-longer-necessary", "--on",
                    last_day.isoformat(), "--as", officer)
        command.eventually("the end at HHS", lambda: "presence ended" in " ".join(
            self.fields("INS told", self.ws("certification", "show", person))))

    def test_grant_reaches_hhs_and_denial_does_not(self):
        denied, _ = self.decided("--deny", "--reasons", "SYNTHETIC. Not needed.")
        person, referral = self.decided("--grant", "--mechanism", "parole")
        presence = self.field("presence", self.ws("petition", "show", referral, "--as", FBI))
        shown = self.await_field("INS told", presence, "certification", "show", person)
        self.assertIn("presence granted %s" % mission.day(0), self.field("INS told", shown))
        self.assertEqual(self.field("person", shown), person)
        # What INS sent before it has come as well.
        self.refuse("CASE_UNKNOWN", "has none here", "certification", "show", denied,
                    code=command.NOT_FOUND)

    def test_no_certification_without_notice_of_ins(self):
        person = self.walked_in("--age", "twenty-one-or-older")
        self.certification("willingness", person, *WILLING)
        for verb in ("propose", "consult"):
            with self.subTest(verb=verb):
                self.refuse_case("STATUS_BASIS_MISSING", STATUS, verb, person)
        shown = self.certification("show", person)
        self.assertEqual(self.fields("letter", shown), [])
        self.assertIn("ins/vermont-service-center", self.field("next move", shown))

    def test_no_certification_without_willingness(self):
        person, _ = self.adult()
        for verb in ("propose", "consult"):
            with self.subTest(verb=verb):
                self.refuse_case("WILLINGNESS_MISSING", WILLINGNESS, verb, person)
        self.certification("willingness", person, "--not-willing", "--statement",
                           "SYNTHETIC. Is afraid.")
        for verb in ("propose", "consult"):
            with self.subTest(verb=verb, said="not willing"):
                self.refuse_case("WILLINGNESS_MISSING", WILLINGNESS, verb, person)
        self.certification("willingness", person, *WILLING)
        self.consult(person, view="concurs")
        self.assertRegex(self.issue(person), r"^\d{13}$")

    def test_no_certification_without_consultation(self):
        person, _ = self.adult()
        self.certification("willingness", person, *WILLING)
        self.refuse_case("ATTORNEY_GENERAL_NOT_CONSULTED", CONSULTED, "propose", person)
        out = self.certification("consult", person)
        # Having asked is not enough, and one asks once.
        self.refuse_case("ATTORNEY_GENERAL_NOT_CONSULTED", CONSULTED, "propose", person)
        self.refuse_case("CONSULTATION_OPEN", "one is unanswered", "consult", person)
        self.assertIn("doj/attorney-general", self.field("next move", out))

    def test_view_of_the_attorney_general_does_not_bind(self):
        person, _ = self.adult()
        self.certification("willingness", person, *WILLING)
        self.consult(person, view="objects", comment="SYNTHETIC. Did not come.")
        number = self.issue(person)
        self.assertEqual(self.verified(number), "VALID")

    def test_letter_needs_two_officials(self):
        person, _ = self.adult()
        self.certification("willingness", person, *WILLING)
        self.consult(person, view="concurs")
        self.certification("propose", person)
        self.refuse_case("SECOND_OFFICIAL_REQUIRED", "POLICY-CE-3", "confirm", person)
        self.assertEqual(self.fields("letter", self.certification("show", person)), [])
        out = self.certification("confirm", person, officer=DIRECTOR)
        number = self.field("letter", out).split(", ")[0]
        issued = self.fields("issued by", self.ws("letter", "show", number))
        self.assertEqual([ORR in issued[0], DIRECTOR in issued[1], len(issued)], [True, True, 2])
        self.refuse_case("LETTER_STANDS", "POLICY-CE-4", "propose", person)

    def test_letter_is_verified_by_number_alone(self):
        person, presence, number = self.certify()
        answer = self.ws(*self.verify_words(number))
        self.assertEqual(self.field("state", answer), "VALID")
        self.assertEqual(self.field("kind", answer), "certification")
        for secret in (person, presence, "pv-", "SYNTHETIC. Will testify"):
            self.assertNotIn(secret, answer)
        asked = self.fields("verified", self.ws("letter", "show", number))
        self.assertEqual(len(asked), 1)
        self.assertIn("SYN county office", asked[0])

    def test_no_digit_of_a_number_can_be_altered(self):
        _, _, number = self.certify()
        with self.unchanged(("letter", "show", number)):
            for at in range(len(number)):
                other = str((int(number[at]) + 1 + at) % 10)
                if other == number[at]:
                    other = str((int(other) + 1) % 10)
                altered = number[:at] + other + number[at + 1:]
                with self.subTest(at=at):
                    self.refuse("LETTER_NUMBER_INVALID", "POLICY-CE-5",
                                *self.verify_words(altered))
        self.assertEqual(self.verified(number), "VALID")

    def test_exported_letter_is_checked_from_its_file_alone(self):
        _, _, number = self.certify()
        path = self.home.path("letter")
        self.ws("letter", "export", number, path)
        with open(path, "rb") as f:
            good = f.read()
        checked = self.ws("letter", "check", path)
        self.assertIn("VERIFIED", self.field("signature", checked))
        self.assertEqual(self.field("letter", checked), number)
        self.assertEqual(self.field("kind", checked), "certification")
        # Invented, as the file itself says, and whoever checks it reads.
        self.assertIn(b"SYNTHETIC", good)
        self.assertIn("SYNTHETIC", self.field("certificate by", checked))
        # In the number, in the signer's name, in the certificate and at both ends.
        for at in (0, good.index(number.encode()), good.index(b"/agency/hhs"), len(good) - 200,
                   len(good) - 1):
            altered = bytearray(good)
            altered[at] ^= 1
            with open(path, "wb") as f:
                f.write(altered)
            with self.subTest(at=at):
                refused = self.run_code(command.UNVERIFIED, "letter", "check", path)
                self.assertEqual(refused.out, "")
        with open(path, "wb") as f:
            f.write(good)
        self.assertEqual(self.ws("letter", "check", path), checked)

    def test_under_eighteen_is_eligible_without_cooperation(self):
        for years, later in ((14, 0), (15, 0), (17, 0), (18, 1)):
            with self.subTest(age=years, in_days=later):
                person = self.walked_in("--born", born(years, later))
                self.refuse_case("LETTER_KIND_WRONG", KIND_BY_AGE, "propose", person, "--kind",
                                 "certification")
                self.refuse_case("COOPERATION_NOT_ASKED", NO_COOPERATION, "willingness", person,
                                 *WILLING)
                self.refuse_case("COOPERATION_NOT_ASKED", NO_COOPERATION, "consult", person)
                number = self.issue(person)
                answer = self.ws(*self.verify_words(number))
                self.assertEqual(self.field("kind", answer), "eligibility")
                self.assertEqual(self.field("state", answer), "VALID")

    def test_unknown_age_is_that_of_a_child(self):
        person = self.walked_in()
        self.refuse_case("LETTER_KIND_WRONG", KIND_BY_AGE, "propose", person, "--kind",
                         "certification")
        self.refuse_case("COOPERATION_NOT_ASKED", NO_COOPERATION, "willingness", person, *WILLING)
        self.refuse_case("COOPERATION_NOT_ASKED", NO_COOPERATION, "consult", person)
        answer = self.ws(*self.verify_words(self.issue(person)))
        self.assertEqual(self.field("kind", answer), "eligibility")
        self.assertEqual(self.field("state", answer), "VALID")

    def test_from_the_eighteenth_birthday_on_certification(self):
        person = self.walked_in("--born", born(18))
        self.refuse_case("LETTER_KIND_WRONG", KIND_BY_AGE, "propose", person, "--kind",
                         "eligibility")
        self.refuse_case("WILLINGNESS_MISSING", WILLINGNESS, "propose", person)
        self.assertEqual(self.field("letter due", self.certification("show", person)),
                         "certification")

    def test_exactly_eighteen_is_certified(self):
        person, _ = self.let_stay()
        self.certification("facts", person, "--born", born(18))
        self.certification("willingness", person, *WILLING)
        self.consult(person, view="concurs")
        answer = self.ws(*self.verify_words(self.issue(person)))
        self.assertEqual(self.field("kind", answer), "certification")
        self.assertEqual(self.field("state", answer), "VALID")

    def test_citizen_needs_no_letter(self):
        for who in ("citizen", "permanent-resident"):
            with self.subTest(who=who):
                person = self.walked_in("--age", "twenty-one-or-older", "--immigration-class", who)
                self.refuse_case("LETTER_NOT_NEEDED", "8 U.S.C. 1641(b)(1)", "propose", person)

    def test_end_of_presence_voids_the_letter_of_an_adult(self):
        person, presence, number = self.certify(*LONG_SINCE)
        self.assertEqual(self.verified(number), "VALID")
        self.end(person, presence, mission.day(-1))
        self.assertEqual(self.verified(number), "VOID")
        shown = self.ws("letter", "show", number)
        self.assertEqual(self.field("state", shown), "VOID")
        self.assertEqual(self.field("void from", shown), mission.day(0).isoformat())
        self.assertIn(presence, self.field("void because", shown))
        self.assertIn(ONLY_WHILE_NECESSARY, self.field("void because", shown))
        self.refuse_case("CERTIFICATION_BASIS_ENDED", ONLY_WHILE_NECESSARY, "propose", person)

    def test_letter_holds_on_the_last_day_of_the_presence(self):
        person, presence, number = self.certify()
        self.end(person, presence, mission.day(0))
        self.assertEqual(self.verified(number), "VALID")
        self.assertEqual(self.field("void from", self.ws("letter", "show", number)),
                         mission.day(1).isoformat())

    def test_end_of_presence_leaves_the_letter_of_a_child(self):
        person, presence = self.let_stay(*LONG_SINCE)
        self.certification("facts", person, "--born", born(15))
        number = self.issue(person)
        self.end(person, presence, mission.day(-1))
        self.assertEqual(self.verified(number), "VALID")
        self.assertEqual(self.fields("void from", self.ws("letter", "show", number)), [])


if __name__ == "__main__":
    junit.main()
