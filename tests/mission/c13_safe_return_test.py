"""C13: return to the country of origin, wished and safe; refusing it costs no service."""
import command
import junit
import mission
from mission import ETA, ORR, PRM, USAID, born

ACT = "22 U.S.C. 7105(a)(1)"
RISK = ("--risk", "low", "--risk-summary", "SYNTHETIC. Family awaits.", "--age",
        "twenty-one-or-older")
ALL = ("return", "tell-origin-government", "share-with-iom")


class SafeReturnTest(mission.MissionTest):
    def person(self):
        return self.field("person", self.certification("open", "--door", "self", "--age",
                                                       "twenty-one-or-older"))

    def consent(self, person, purposes, agencies="dos,usaid", *words):
        return self.field("consent", self.ws(
            "consent", "record", person, "--as", ORR, "--purpose", ",".join(purposes), "--agency",
            agencies, "--until", "+180d", *words))

    def refer(self, person, consent, *words, government=True, iom=True):
        """HHS refers the return; returns the referral."""
        words = (*(words or RISK),
                 *(("--origin-government-consent", consent) if government else ()),
                 *(("--iom-consent", consent) if iom else ()))
        return self.field("referral", self.ws(
            "return-home", "refer", "--as", ORR, "--person", person, "--country", "MD",
            "--return-consent", consent, *words))

    def referred(self):
        """A return with its three consents that PRM has; returns (person, consent, referral)."""
        person = self.person()
        consent = self.consent(person, ALL)
        referral = self.refer(person, consent)
        self.arrived(referral, PRM)
        return person, consent, referral

    def taken_up_by_both(self):
        """A return that PRM forwarded and USAID took up; returns (consent, referral, onward)."""
        _, consent, referral = self.referred()
        onward = self.forward_home(referral)
        self.ws("take-up", onward, "--as", USAID)
        self.await_field("state", "taken up", "case", "show", onward, "--as", PRM)
        return consent, referral, onward

    def confirmed_by_both(self, consent, referral, onward):
        """USAID confirms the scope, then PRM, and HHS reads that both did."""
        self.ws("scope-confirm", onward, "--as", USAID)
        command.eventually("PRM can confirm", lambda: self.home.run(
            "scope-confirm", referral, "--as", PRM).code == command.OK)
        for holder in ("dos: confirmed", "usaid: confirmed (from another holder)"):
            command.eventually("%s at HHS" % holder, lambda: any(
                said.startswith(holder) for said in self.fields(
                    "holder", self.ws("consent", "show", consent, "--as", ORR))))

    def await_returned(self, referral, reason, citation):
        """Both sides read that it came back by the law, with its citation."""
        for officer in (ORR, PRM):
            shown = self.await_field("state", "returned", "case", "show", referral, "--as",
                                     officer)
            self.assertEqual(self.field("returned", shown), "not authorized by law")
            self.assertIn(citation, self.field("citation", shown))
            self.assertIn(reason, self.field("reason", shown))

    def test_without_one_of_three_consents_it_comes_back(self):
        for without, government, iom, reason, citation in (
                ("tell-origin-government", False, True, "consent to tell the origin government",
                 "POLICY-RR-3"),
                ("share-with-iom", True, False, "consent to share with IOM", "POLICY-RR-3")):
            with self.subTest(without=without):
                person = self.person()
                consent = self.consent(person, [one for one in ALL if one != without])
                with self.unchanged(("case", "list", "--as", USAID),
                                    ("certification", "show", person, "--as", ORR)):
                    referral = self.refer(person, consent, government=government, iom=iom)
                    self.await_returned(referral, reason, citation)

    def test_without_the_wish_to_return_nothing_leaves(self):
        person = self.person()
        consent = self.consent(person, ALL[1:])
        with self.unchanged(("case", "list", "--as", ORR), ("case", "list", "--as", PRM)):
            self.refuse("CONSENT_NOT_COVERING", "POLICY-CN-2", "return-home", "refer", "--as",
                        ORR, "--person", person, "--country", "MD", "--return-consent", consent,
                        *RISK)

    def test_child_or_unknown_age_returns_only_in_its_best_interests(self):
        for age in (("--born", born(15)), ("--born", born(17)), ()):
            with self.subTest(age=age):
                person = self.field("person", self.certification("open", "--door", "ngo", *age))
                consent = self.consent(person, ALL, "dos,usaid", "--given-by", "guardian",
                                       "--child")
                words = (*RISK[:4], *age)
                with self.unchanged(("case", "list", "--as", USAID)):
                    self.await_returned(self.refer(person, consent, *words), "best interests",
                                        "POLICY-RR-4")
                referral = self.refer(person, consent, *words, "--best-interests")
                self.arrived(referral, PRM)

    def test_high_risk_comes_back(self):
        person = self.person()
        referral = self.refer(person, self.consent(person, ALL), "--risk", "high",
                              "--risk-summary", "SYNTHETIC. Threats.", *RISK[-2:])
        self.await_returned(referral, "return", ACT)

    def test_forwarded_to_usaid_and_answered(self):
        person, _, referral = self.referred()
        onward = self.forward_home(referral, "shelter,legal")
        shown = self.ws("case", "show", onward, "--as", USAID)
        self.assertEqual(self.field("person", shown), person)
        # Nobody arrives where nobody waits.
        with self.unchanged(("case", "show", referral, "--as", PRM)):
            self.refuse("REINTEGRATION_OPEN", "POLICY-RR-5", "return-home", "answer", referral,
                        "--outcome", "returned")
        self.ws("take-up", onward, "--as", USAID)
        self.ws("answer", onward, "--as", USAID, "--body",
                '{"arranged": ["shelter", "legal"], "partner": "SYN shelter"}')
        self.await_field("state", "answered", "case", "show", onward, "--as", PRM)
        self.ws("return-home", "answer", referral, "--outcome", "returned")
        self.await_field("state", "answered", "case", "show", referral, "--as", ORR)

    def test_withdrawal_reaches_every_holder(self):
        consent, referral, onward = self.taken_up_by_both()
        self.ws("consent", "withdraw", consent, "--as", ORR, "--reason", "SYNTHETIC. Stays.")
        for officer, which in ((PRM, referral), (USAID, onward)):
            command.eventually("the withdrawal at " + officer, lambda: "withdrawn" in " ".join(
                self.fields("scope", self.ws("case", "show", which, "--as", officer))))
        with self.unchanged(("case", "show", onward, "--as", USAID)):
            self.refuse("RETURN_CONSENT_MISSING", ACT, "return-home", "answer", referral,
                        "--outcome", "returned")
            self.refuse("ONWARD_UNANSWERED", "usaid", "scope-confirm", referral, "--as", PRM)
        self.confirmed_by_both(consent, referral, onward)

    def scopes(self, referral, officer):
        """What the officer's agency was told of the consent since the request."""
        return " ".join(self.fields("scope", self.ws("case", "show", referral, "--as", officer)))

    def test_consent_that_is_narrowed_reaches_every_holder(self):
        consent, referral, onward = self.taken_up_by_both()
        change = ("consent", "change", consent, "--as", ORR, "--reason", "SYNTHETIC. Not IOM.",
                  "--purpose")
        with self.unchanged(("consent", "show", consent, "--as", ORR)):
            self.refuse("CONSENT_WIDENED", "POLICY-CN-3", *change, ",".join((*ALL, "services")))
        changed = self.ws(*change, ",".join(ALL[:2]))
        self.assertEqual(self.field("version", changed), "2")
        for officer, which in ((PRM, referral), (USAID, onward)):
            command.eventually("the narrower scope at " + officer, lambda: "return, tell origin "
                               "government; by dos, usaid" in self.scopes(which, officer))
        # What is left of it carries no return by way of IOM, and anything else goes on.
        with self.unchanged(("case", "show", onward, "--as", USAID)):
            self.refuse("IOM_CONSENT_MISSING", "POLICY-RR-3", "return-home", "answer", referral,
                        "--outcome", "returned")
            self.refuse("ONWARD_UNANSWERED", "usaid", "scope-confirm", referral, "--as", PRM)
        self.confirmed_by_both(consent, referral, onward)
        self.ws("return-home", "answer", referral, "--outcome", "integration-here")
        self.await_field("state", "answered", "case", "show", referral, "--as", ORR)

    def test_nothing_is_forwarded_beyond_the_consent(self):
        person = self.person()
        referral = self.refer(person, self.consent(person, ALL, "dos"))
        self.arrived(referral, PRM)
        self.ws("take-up", referral, "--as", PRM)
        with self.unchanged(("case", "show", referral, "--as", PRM), ("case", "list", "--as", PRM),
                            ("case", "list", "--as", USAID)):
            self.refuse("CONSENT_NOT_COVERING", "POLICY-CN-2", "return-home", "forward", referral,
                        "--as", PRM, "--support", "shelter")

    def test_declined_and_services_continue(self):
        person, _, referral = self.referred()
        services = self.field("referral", self.ws(
            "services", "refer", "--as", ORR, "--person", person, "--consent",
            self.consent(person, ["services"], "dol"), "--service", "job-training"))
        self.arrived(services, ETA)
        self.ws("take-up", services, "--as", ETA)
        self.ws("take-up", referral, "--as", PRM)
        with self.unchanged(("case", "show", services, "--as", ETA)):
            self.ws("return-home", "answer", referral, "--outcome", "declined")
            shown = self.await_field("state", "answered", "case", "show", referral, "--as", ORR)
            self.assertIn("declined", shown)
        self.ws("services", "answer", services, "--outcome", "job-training=enrolled")
        self.await_field("state", "answered", "case", "show", services, "--as", ORR)


if __name__ == "__main__":
    junit.main()
