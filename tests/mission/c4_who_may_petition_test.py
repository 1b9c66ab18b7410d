"""C4: only federal law enforcement petitions for continued presence, as its unit is known."""
import json

import junit
import mission
from mission import CHIEF, FBI, INS, ORR, OVC

CITATION = "28 CFR 1100.35"


class WhoMayPetitionTest(mission.MissionTest):
    def test_petition_of_no_law_enforcement_unit_comes_back_with_the_citation(self):
        person = self.open_intake(OVC)
        self.find_severe(person, OVC)
        referral = self.field("referral", self.ws(*self.file_words(person, OVC),
                                                  "--acknowledge-warnings"))
        self.await_state(referral, "returned", OVC)
        self.assertIn(CITATION, self.ws("petition", "show", referral, "--as", OVC))
        self.assertNotIn(person, self.ws("presence", "list", "--as", INS))

    def test_petition_of_hhs_comes_back_with_the_citation(self):
        body = {
            "unit": "hhs/orr", "case_number": "HHS-SYN-1", "kind": "initial",
            "circumstances": "SYNTHETIC. Needed for the trial.",
            "finding": {
                "finding_id": "fd-syn-1", "made_by_unit": "hhs/orr", "made_on": "today",
                "elements": {"act": "labor-or-services", "conduct": ["harboring"],
                             "means": ["coercion"], "purposes": ["peonage"]}},
            "potential_witness_certified": True,
            "requested_from": "today", "requested_until": "+90d"}
        shown = self.ws("case", "open", "--to-unit", "ins/vermont-service-center",
                        "--type", "ContinuedPresencePetition", "--body", json.dumps(body),
                        "--person", "pv-syn-hhs", "--basis", "duty:TVPA 107(c)(3)", "--as", ORR)
        referral = self.field("referral", shown)
        self.await_field("state", "returned", "case", "show", referral, "--as", ORR)
        self.assertIn(CITATION, self.ws("case", "show", referral, "--as", ORR))

    def test_petition_of_law_enforcement_is_granted(self):
        person, referral = self.decided("--grant", "--mechanism", "parole")
        shown = self.ws("petition", "show", referral, "--as", FBI)
        self.assertIn("granted", self.field("decision", shown))
        self.assertIn(person, self.ws("presence", "list", "--as", CHIEF))


if __name__ == "__main__":
    junit.main()
