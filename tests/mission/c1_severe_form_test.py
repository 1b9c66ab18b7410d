"""C1: a severe form of trafficking is conduct; a finding of it serves one purpose."""
import command
import junit
import mission
from mission import CONSUL, DSS, FBI, USA, born

MEANS = ("force", "fraud", "coercion")
PURPOSES = ("involuntary-servitude", "peonage", "debt-bondage", "slavery")
CONDUCT = ("recruitment", "harboring", "transportation", "provision", "obtaining")
SEX = ("--act", "commercial-sex")
LABOR = ("--act", "labor-or-services")
SEX_LIMB = "TVPA 103(8)(A), 22 U.S.C. 7102(8)(A)"
LABOR_LIMB = "TVPA 103(8)(B), 22 U.S.C. 7102(8)(B)"


class SevereFormTest(mission.MissionTest):
    def words(self, person, *elements, officer=FBI):
        return ("finding", "record", person, "--as", officer, "--evidence",
                "SYNTHETIC. Ledger of debts.", *elements)

    def found(self, *elements):
        """The elements are those of a severe form."""
        person = self.open_intake()
        with self.subTest(found=elements):
            out = self.ws(*self.words(person, *elements))
            self.assertEqual(self.field("result", out), "severe form")
            self.assertIn("severe form by doj/fbi", self.ws("intake", "show", person))

    def not_found(self, reason, citation, *elements):
        """They are not, and no finding stands."""
        person = self.open_intake()
        with self.subTest(refused=elements), self.unchanged(("intake", "show", person)):
            self.refuse(reason, citation, *self.words(person, *elements))

    def test_sex_act_by_each_means(self):
        for means in MEANS:
            self.found(*SEX, "--conduct", "obtaining", "--means", means)

    def test_sex_act_of_a_minor_needs_no_means(self):
        self.found(*SEX, "--conduct", "harboring", "--under-eighteen-at-act")

    def test_sex_act_of_an_adult_needs_means(self):
        self.not_found("SEVERE_FORM_MEANS_MISSING", SEX_LIMB, *SEX, "--conduct", "harboring")
        # A purpose is the other limb's, and is no means.
        self.not_found("SEVERE_FORM_MEANS_MISSING", SEX_LIMB, *SEX, "--conduct", "harboring",
                       "--purpose", "slavery")

    def test_labor_by_each_means_for_each_purpose(self):
        for means in MEANS:
            self.found(*LABOR, "--conduct", "recruitment", "--means", means, "--purpose",
                       "peonage")
        for purpose in PURPOSES:
            self.found(*LABOR, "--conduct", "recruitment", "--means", "fraud", "--purpose",
                       purpose)

    def test_labor_needs_means_at_any_age(self):
        words = (*LABOR, "--conduct", "recruitment", "--purpose", "debt-bondage")
        self.not_found("SEVERE_FORM_MEANS_MISSING", LABOR_LIMB, *words)
        self.not_found("SEVERE_FORM_MEANS_MISSING", LABOR_LIMB, *words,
                       "--under-eighteen-at-act")

    def test_labor_needs_a_purpose(self):
        self.not_found("SEVERE_FORM_PURPOSE_MISSING", LABOR_LIMB, *LABOR, "--conduct",
                       "recruitment", "--means", "force")

    def test_both_limbs_need_an_act_and_conduct(self):
        for conduct in CONDUCT:
            self.found(*LABOR, "--conduct", conduct, "--means", "force", "--purpose", "slavery")
        self.not_found("SEVERE_FORM_CONDUCT_MISSING", "22 U.S.C. 7102(8)(B), 7102(9)", *LABOR,
                       "--means", "force", "--purpose", "slavery")
        self.not_found("SEVERE_FORM_CONDUCT_MISSING", "22 U.S.C. 7102(8)(B), 7102(9)", *SEX,
                       "--under-eighteen-at-act")
        self.not_found("SEVERE_FORM_ACT_MISSING", "TVPA 103(8)", "--conduct", "harboring",
                       "--means", "force", "--purpose", "slavery")

    def test_neither_place_nor_nationality_has_a_part(self):
        # Identified abroad, and found like anybody else.
        out = self.ws("post-report", "record", "--as", CONSUL, "--post", "CHI", "--circumstances",
                      "SYNTHETIC. Asked for a passport that was taken.")
        person = self.field("person", out)
        self.ws("post-report", "route", self.field("report", out), "--as", CONSUL, "--to",
                "diplomatic-security")
        self.ws("intake", "open", "--as", DSS, "--person", person, "--circumstances",
                "SYNTHETIC. As the post reported.")
        out = self.find_severe(person, DSS)
        self.assertEqual(self.field("result", out), "severe form")
        # A citizen is found too: what nobody asks for cannot stand against a finding.
        finding = self.json("intake", "show", person, "--as", DSS)[0]["findings"][0]
        self.assertEqual(set(finding["elements"]), {"act", "conduct", "means", "purposes",
                                                    "under_eighteen_at_act"})
        for flag in ("--place", "--nationality", "--country", "--citizen"):
            self.run_code(command.USAGE, *self.words(person, flag, "x", officer=DSS))

    def test_finding_of_a_unit_serves_its_own_petition_alone(self):
        person = self.open_intake()
        out = self.find_severe(person)
        self.assertIn("binds no other agency", self.field("serves", out))
        with self.unchanged(("petition", "list", "--as", USA), ("intake", "show", person)):
            self.refuse("FINDING_MISSING", "28 CFR 1100.35", *self.file_words(person, USA))
        # That another unit finds nothing takes nothing from the first.
        out = self.ws(*self.words(person, "--not-found", officer=USA))
        self.assertEqual(self.field("result", out), "not found")
        self.ws(*self.file_words(person))

    def test_latest_finding_of_a_unit_counts(self):
        person = self.open_intake()
        self.find_severe(person)
        self.ws(*self.words(person, "--not-found"))
        with self.unchanged(("petition", "list", "--as", FBI)):
            self.refuse("FINDING_MISSING", "28 CFR 1100.35", *self.file_words(person))
        self.find_severe(person)
        self.ws(*self.file_words(person))

    def test_finding_makes_nobody_a_case_elsewhere(self):
        person = self.open_intake()
        self.ws(*self.words(person, *SEX, "--conduct", "obtaining", "--under-eighteen-at-act"))
        self.refuse("CASE_UNKNOWN", "has none here", "certification", "show", person,
                    code=command.NOT_FOUND)
        # And nobody needs one to be helped: HHS opens its case without.
        self.certification("open", "--door", "ngo", "--born", born(15))


if __name__ == "__main__":
    junit.main()
