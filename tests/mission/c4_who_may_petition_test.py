"""C4: only federal law enforcement petitions for continued presence, as its unit is known."""
import json

import command
import junit
import mission
from mission import CHIEF, CONSUL, DSS, ETA, FBI, INS, ORR, OVC, PRM

CITATION = "TVPA 107(c)(3), 22 U.S.C. 7105(c)(3); 28 CFR 1100.35"
# What a petition that comes back leaves as it was.
ELSEWHERE = (("presence", "list", "--as", INS), ("presence", "list", "--as", FBI),
             ("certification", "list", "--as", ORR))


class WhoMayPetitionTest(mission.MissionTest):
    def ready(self, officer):
        """A person for whom the officer's unit found a severe form."""
        person = self.open_intake(officer)
        self.find_severe(person, officer)
        return person

    def file(self, person, officer, *words):
        return self.field("referral", self.ws(*self.file_words(person, officer), *words))

    def filed(self, officer):
        """A petition that INS has; returns (person, referral)."""
        person = self.ready(officer)
        referral = self.file(person, officer)
        self.await_state(referral, "received", officer)
        command.eventually("the petition at INS", lambda: self.home.run(
            "petition", "show", referral, "--as", INS).code == command.OK)
        return person, referral

    def granted(self, officer):
        """Two officials of INS grant it; returns (person, referral, presence)."""
        person, referral = self.filed(officer)
        self.ws("take-up", referral)
        self.ws("answer", referral, "--grant", "--mechanism", "parole")
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", officer)
        shown = self.ws("petition", "show", referral, "--as", officer)
        presence = self.field("presence", shown)
        self.await_field("INS told", presence, "certification", "show", person)
        return person, referral, presence

    def warned(self, person, officer):
        """The officer is told the law before anything is sent."""
        with self.unchanged(("petition", "list", "--as", officer),
                            ("petition", "list", "--as", INS)):
            said = self.refuse("WARNINGS_NOT_ACKNOWLEDGED", CITATION,
                               *self.file_words(person, officer))
        self.assertIn("UNIT_MAY_NOT_PETITION", said)
        self.assertIn("--acknowledge-warnings", said)

    def returned(self, referral, officer):
        """INS returned it by the rule; returns what the officer is shown."""
        shown = self.await_field("state", "returned", "petition", "show", referral, "--as",
                                 officer)
        self.assertEqual(self.field("returned", shown), "not authorized by law")
        self.assertEqual(self.field("citation", shown), CITATION)
        self.assertIn("unit may not petition", self.field("reason", shown))
        self.assertIn(referral, self.ws("petition", "list", "--as", officer))
        self.assertIn("returned", self.ws("petition", "show", referral, "--as", INS))
        self.refuse("TRANSITION_NOT_ALLOWED", "returned", "take-up", referral, "--as", INS)
        return shown

    def test_law_enforcement_of_doj_is_granted(self):
        person, _, presence = self.granted(FBI)
        self.assertIn(person, self.ws("presence", "list", "--as", CHIEF))
        self.assertIn(presence, self.ws("presence", "list", "--as", FBI))

    def test_diplomatic_security_is_granted_by_two_officials(self):
        person, referral = self.filed(DSS)
        self.ws("duty", "record", person, "protection", "--done-on", "today", "--as", DSS)
        self.ws("take-up", referral)
        self.ws("answer", referral, "--grant", "--mechanism", "parole", "--as", INS)
        with self.unchanged(("petition", "show", referral, "--as", INS),
                            ("petition", "show", referral, "--as", DSS), *ELSEWHERE):
            self.refuse("SECOND_OFFICIAL_REQUIRED", "policy CP-2", "answer", referral,
                        "--countersign", "--as", INS)
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", DSS)
        shown = self.ws("petition", "show", referral, "--as", DSS)
        self.assertIn("granted: parole", self.field("decision", shown))
        officials = self.fields("decided by", shown)
        self.assertEqual([INS in officials[0], CHIEF in officials[1]], [True, True])
        presence = self.field("presence", shown)
        self.assertIn(presence, self.ws("presence", "list", "--as", DSS))
        self.await_field("INS told", presence, "certification", "show", person)

    def test_diplomatic_security_renews_and_cancels(self):
        _, _, presence = self.granted(DSS)
        out = self.ws("presence", "renew", presence, "--as", DSS, "--case-number", "SYN-2002-0200",
                      "--circumstances", "SYNTHETIC. The trial goes on.", "--certify-witness",
                      "--until", "+730d")
        renewal = self.field("referral", out)
        self.await_state(renewal, "received", DSS)
        self.assertEqual(self.field("renews", self.ws("petition", "show", renewal, "--as", DSS)),
                         presence)
        self.ws("cancel", renewal, "--reason", "SYNTHETIC. Charges were dropped.", "--as", DSS)
        for officer in (DSS, INS):
            self.await_state(renewal, "cancel asked", officer)

    def test_presence_of_another_agency_is_not_renewed(self):
        _, _, presence = self.granted(FBI)
        with self.unchanged(("petition", "list", "--as", DSS), *ELSEWHERE):
            self.refuse("PRESENCE_UNKNOWN", "presence", "presence", "renew", presence, "--as", DSS,
                        "--case-number", "SYN-1", "--circumstances", "SYNTHETIC.", "--from",
                        "+366d", "--until", "+730d", code=command.NOT_FOUND)

    def test_unit_of_doj_that_is_no_law_enforcement_is_returned(self):
        person = self.ready(OVC)
        self.warned(person, OVC)
        with self.unchanged(*ELSEWHERE):
            self.returned(self.file(person, OVC, "--acknowledge-warnings"), OVC)

    def test_consular_section_is_returned(self):
        person = self.ready(CONSUL)
        self.warned(person, CONSUL)
        with self.unchanged(("petition", "list", "--as", DSS), *ELSEWHERE):
            self.returned(self.file(person, CONSUL, "--acknowledge-warnings"), CONSUL)
        self.refuse("CASE_UNKNOWN", "has none here", "certification", "show", person,
                    code=command.NOT_FOUND)

    def test_agencies_without_law_enforcement_are_returned(self):
        for officer, unit in ((ORR, "hhs/orr"), (ETA, "dol/eta")):
            person = "pv-syn-" + officer
            with self.subTest(unit=unit):
                self.warned(person, officer)
                with self.unchanged(*ELSEWHERE):
                    referral = self.file(person, officer, "--acknowledge-warnings")
                    self.assertIn(unit, self.returned(referral, officer))
                    self.assertEqual(
                        self.field("citation", self.ws("case", "show", referral, "--as", officer)),
                        CITATION)

    def test_what_hhs_says_of_itself_makes_it_no_law_enforcement(self):
        # As any client of the API may: another unit's name, and a finding that HHS never made.
        body = {
            "unit": "doj/fbi", "case_number": "HHS-SYN-1", "kind": "initial",
            "circumstances": "SYNTHETIC. Needed for the trial.",
            "finding": {
                "finding_id": "fd-syn-1", "made_by_unit": "hhs/orr", "made_on": "today",
                "elements": {"act": "labor-or-services", "conduct": ["harboring"],
                             "means": ["coercion"], "purposes": ["peonage"]}},
            "potential_witness_certified": True,
            "requested_from": "today", "requested_until": "+90d"}
        words = ("case", "open", "--to-unit", "ins/vermont-service-center", "--type",
                 "ContinuedPresencePetition", "--person", "pv-syn-hhs", "--basis",
                 "duty:TVPA 107(c)(3)", "--as", ORR, "--body")
        for unit in ("doj/fbi", "hhs/orr"):
            with self.subTest(unit=unit), self.unchanged(*ELSEWHERE):
                out = self.ws(*words, json.dumps({**body, "unit": unit}))
                self.returned(self.field("referral", out), ORR)

    def test_unit_of_dos_sees_what_is_its_own_in_lists_and_inbox(self):
        person, referral, presence = self.granted(DSS)
        for verb in (("inbox",), ("inbox", "--all"), ("petition", "list"), ("presence", "list"),
                     ("intake", "list"), ("case", "list")):
            for officer in (CONSUL, PRM):
                with self.subTest(verb=verb, officer=officer):
                    seen = self.ws("-o", "json", *verb, "--as", officer)
                    for secret in (person, referral, presence):
                        self.assertNotIn(secret, seen)
        for officer in (CONSUL, PRM):
            with self.subTest(officer=officer):
                self.refuse("UNIT_NOT_OWN", "dos/diplomatic-security", "inbox", "--unit",
                            "dos/diplomatic-security", "--as", officer, code=command.DENIED)
                self.refuse("REFERRAL_UNKNOWN", "referral", "petition", "show", referral, "--as",
                            officer, code=command.NOT_FOUND)
        _, other = self.filed(DSS)
        self.assertIn(other, self.ws("inbox", "--all", "--as", DSS))
        self.assertNotIn(other, self.ws("inbox", "--all", "--as", CONSUL))


if __name__ == "__main__":
    junit.main()
