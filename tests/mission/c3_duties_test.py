"""C3: the duties of section 107(c), each done on a day or not practicable, because."""
import command
import junit
import mission
from mission import CONSUL, DSS, FBI

IN_CUSTODY = ("suitable-detention", "medical-care")
# "To the extent practicable" stands in 107(c)(1) alone.
WHERE_PRACTICABLE = (*IN_CUSTODY, "protection", "names-withheld")
ALWAYS = ("identification", "rights-information", "translation", "trained-staff")
CITATION = {
    "identification": "28 CFR 1100.29(a), (c)",
    "suitable-detention": "TVPA 107(c)(1)(A), 22 U.S.C. 7105(c)(1)(A); 28 CFR 1100.31",
    "medical-care": "TVPA 107(c)(1)(B), 22 U.S.C. 7105(c)(1)(B); 28 CFR 1100.31",
    "protection": "TVPA 107(c)(1)(C)(i), 22 U.S.C. 7105(c)(1)(C)(i); 28 CFR 1100.31",
    "names-withheld": "TVPA 107(c)(1)(C)(ii), 22 U.S.C. 7105(c)(1)(C)(ii); 28 CFR 1100.31",
    "rights-information": "TVPA 107(c)(2), 22 U.S.C. 7105(c)(2); 28 CFR 1100.33",
    "translation": "TVPA 107(c)(2), 22 U.S.C. 7105(c)(2); 28 CFR 1100.33",
    "trained-staff": "TVPA 107(c)(4), 22 U.S.C. 7105(c)(4); 28 CFR 1100.37",
}
BECAUSE = "SYNTHETIC. The clinic is closed."


class DutiesTest(mission.MissionTest):
    def intake(self, *words, officer=FBI):
        return self.field("person", self.ws("intake", "open", "--as", officer, "--circumstances",
                                            "SYNTHETIC. Found at a workplace inspection.", *words))

    def missing(self, person, officer=FBI):
        """{duty: its citation} of what is missing."""
        shown = self.ws("intake", "show", person, "--as", officer)
        rows = [row.split(", ", 1) for row in self.fields("missing duty", shown)]
        return {kind.replace(" ", "-"): citation for kind, citation in rows}

    def record(self, person, kind, *words, officer=FBI):
        return self.ws("duty", "record", person, kind, "--as", officer, *words)

    def refuse_duty(self, reason, text, person, *words, **how):
        """The record is refused, and what is missing is what was."""
        with self.unchanged(("intake", "show", person, "--as", FBI)):
            self.refuse(reason, text, "duty", "record", person, "--as", FBI, *words, **how)

    def test_each_is_missing_with_its_citation_until_it_is_done(self):
        person = self.intake("--in-custody")
        left = dict(CITATION)
        self.assertEqual(self.missing(person), left)
        for kind, citation in CITATION.items():
            with self.subTest(duty=kind):
                out = self.record(person, kind, "--done-on", "today")
                self.assertEqual(self.field("citation", out), citation)
                del left[kind]
                self.assertEqual(self.field("still missing", out), str(len(left)))
                self.assertEqual(self.missing(person), left)
                done = self.fields("duty", self.ws("intake", "show", person))[-1]
                self.assertEqual(done, "%s: done %s" % (kind.replace("-", " "), mission.day(0)))

    def test_two_hold_in_custody_alone(self):
        self.assertEqual(set(self.missing(self.intake())), set(CITATION) - set(IN_CUSTODY))

    def test_reason_closes_where_the_act_says_practicable(self):
        person = self.intake("--in-custody")
        for kind in WHERE_PRACTICABLE:
            with self.subTest(duty=kind):
                self.assertIn(kind, self.missing(person))
                self.record(person, kind, "--not-practicable", BECAUSE)
                self.assertNotIn(kind, self.missing(person))
                self.assertIn(kind.replace("-", " ") + ": not practicable",
                              self.fields("duty", self.ws("intake", "show", person)))

    def test_reason_is_kept_and_closes_nothing_elsewhere(self):
        person = self.intake("--in-custody")
        for kind in ALWAYS:
            with self.subTest(duty=kind):
                self.record(person, kind, "--not-practicable", BECAUSE)
                self.assertEqual(self.missing(person)[kind], CITATION[kind])
                duties = self.json("intake", "show", person)[0]["duties"]
                self.assertEqual(duties[-1]["not_practicable_because"], BECAUSE)

    def test_last_record_counts(self):
        person = self.intake()
        self.record(person, "translation", "--done-on", "today")
        self.assertNotIn("translation", self.missing(person))
        self.record(person, "translation", "--not-practicable", "SYNTHETIC. It was a mistake.")
        self.assertIn("translation", self.missing(person))

    def test_missing_duty_is_a_finding_until_none_is_left(self):
        person = self.intake()
        listed = ("intake", "list", "--missing-duties", "--as", FBI)
        self.assertIn(person, self.ws(*listed))
        for kind in (*ALWAYS, "protection"):
            self.record(person, kind, "--done-on", "today")
        self.assertIn(person, self.ws(*listed))
        self.record(person, "names-withheld", "--not-practicable", BECAUSE)
        self.assertNotIn(person, self.ws(*listed))
        self.assertIn(person, self.ws("intake", "list", "--as", FBI))

    def test_record_has_a_day_or_a_reason_and_no_name(self):
        person = self.intake("--in-custody")
        self.refuse_duty("NAME_NOT_ALLOWED", "not_practicable_because", person, "medical-care",
                         "--not-practicable", "Name: SYNTHETIC")
        self.refuse_duty("DUTY_DATE_IN_FUTURE", mission.day(1).isoformat(), person,
                         "medical-care", "--done-on", "+1d")
        with self.unchanged(("intake", "show", person)):
            for words in ((), ("--done-on", "today", "--not-practicable", BECAUSE),
                          ("--not-practicable", "")):
                self.run_code(command.USAGE, "duty", "record", person, "medical-care", *words)
            self.run_code(command.USAGE, "duty", "record", person, "dance", "--done-on", "today")

    def test_no_name_enters_an_intake(self):
        with self.unchanged(("intake", "list", "--as", FBI)):
            self.refuse("NAME_NOT_ALLOWED", "circumstances", "intake", "open", "--as", FBI,
                        "--circumstances", "Name: SYNTHETIC")

    def test_dos_has_the_same_duties_each_unit_for_its_own(self):
        person = self.intake(officer=DSS)
        self.assertEqual(set(self.missing(person, DSS)), set(CITATION) - set(IN_CUSTODY))
        with self.unchanged(("intake", "show", person, "--as", DSS)):
            self.refuse("PERSON_UNKNOWN", "person", "duty", "record", person, "protection",
                        "--done-on", "today", "--as", CONSUL, code=command.NOT_FOUND)
        self.record(person, "protection", "--done-on", "today", officer=DSS)
        self.assertNotIn("protection", self.missing(person, DSS))


if __name__ == "__main__":
    junit.main()
