"""C7: to let a person work is an act of its own, within the presence that it rests on."""
import command
import junit
import mission
from mission import CHIEF, FBI, INS, INVESTIGATOR

BEGINS_AND_ENDS = "8 CFR 274a.12(c)"


class WorkAuthorizationTest(mission.MissionTest):
    def grant(self, mechanism="parole", *terms):
        """INS grants a presence, from today for a year; returns it as the FBI knows it."""
        _, referral = self.decided("--grant", "--mechanism", mechanism, *terms)
        return self.field("presence", self.ws("petition", "show", referral, "--as", FBI))

    def words(self, presence, basis="parole", *words, officer=INS):
        return ("presence", "authorize-work", presence, "--basis", basis, *words, "--as", officer)

    def work(self, presence, officer=INS):
        return self.field("work", self.ws("presence", "show", presence, "--as", officer))

    def refuse_work(self, reason, citation, presence, *words, officer=INS, code=command.FAILURE):
        """It is refused, and the presence is what it was on both sides."""
        with self.unchanged(("presence", "show", presence, "--as", INS),
                            ("presence", "show", presence, "--as", FBI)):
            self.refuse(reason, citation, *self.words(presence, *words, officer=officer),
                        code=code)

    def end(self, presence, *words):
        for officer in (INS, CHIEF):
            self.ws("presence", "end", presence, "--kind", "no-longer-necessary", "--as", officer,
                    *words)

    def heard(self, text, presence):
        """The petitioner has INS's notice."""
        command.eventually("%s at the FBI" % text, lambda: text in self.work(presence, FBI))

    def test_presence_alone_authorizes_no_work(self):
        presence = self.grant()
        for officer in (INS, FBI):
            self.assertEqual(self.work(presence, officer), "not authorized")
        out = self.ws(*self.words(presence, "parole", "--until", "+30d"))
        self.assertIn("by " + INS, self.field("work", out))
        authorized = "parole, %s to %s" % (mission.day(0), mission.day(30))
        self.assertIn(authorized, self.work(presence))
        self.heard(authorized, presence)
        # The presence itself is what it was.
        lasts = "%s to %s" % (mission.day(0), mission.day(365))
        self.assertEqual(self.field("lasts", self.ws("presence", "show", presence)), lasts)

    def test_with_a_grant_it_is_confirmed_by_two_officials_and_stands_by_itself(self):
        presence = self.grant("parole", "--work", "parole")
        self.assertIn(mission.day(365).isoformat(), self.work(presence))
        self.heard("parole", presence)

    def test_later_act_replaces_the_earlier(self):
        presence = self.grant()
        self.ws(*self.words(presence, "parole", "--until", "+30d"))
        self.ws(*self.words(presence, "parole", "--until", "+60d", officer=CHIEF))
        self.assertIn(str(mission.day(60)), self.work(presence))
        self.assertNotIn(str(mission.day(30)), self.work(presence))

    def test_none_without_a_presence(self):
        denied, _ = self.decided("--deny", "--reasons", "SYNTHETIC. Not needed.")
        with self.unchanged(("presence", "list", "--as", INS)):
            self.refuse("PRESENCE_UNKNOWN", "not one of this agency", *self.words(
                "cp-0000-0000-0000", "parole", "--from", "today", "--until", "+30d"),
                        code=command.NOT_FOUND)
            self.assertNotIn(denied, self.ws("presence", "list", "--as", INS))

    def test_lies_within_the_presence(self):
        presence = self.grant("parole", "--from", "+10d", "--until", "+100d")
        self.refuse_work("WORK_AUTHORIZATION_BEFORE_PRESENCE", BEGINS_AND_ENDS, presence, "parole",
                         "--from", "+9d", "--until", "+50d")
        self.refuse_work("WORK_AUTHORIZATION_OUTLASTS_PRESENCE", BEGINS_AND_ENDS, presence,
                         "parole", "--from", "+10d", "--until", "+101d")
        self.refuse_work("WORK_AUTHORIZATION_PERIOD_INVALID", "8 CFR 274a.13(b)", presence,
                         "parole", "--from", "+20d", "--until", "+20d")
        self.ws(*self.words(presence, "parole", "--from", "+10d", "--until", "+100d"))
        self.assertIn("%s to %s" % (mission.day(10), mission.day(100)), self.work(presence))

    def test_basis_is_the_class_that_the_mechanism_opens(self):
        classes = {"parole": "parole", "stay-of-removal": "order-of-supervision",
                   "deferred-action": "deferred-action"}
        for mechanism, basis in classes.items():
            presence = self.grant(mechanism)
            necessity = ("--economic-necessity",) if basis == "deferred-action" else ()
            for other in set(classes.values()) - {basis}:
                with self.subTest(mechanism=mechanism, basis=other):
                    self.refuse_work("WORK_BASIS_NOT_OPEN", "8 CFR 274a.12(c)(11), (14), (18)",
                                     presence, other, "--economic-necessity")
            with self.subTest(mechanism=mechanism, basis=basis):
                self.ws(*self.words(presence, basis, *necessity))
                self.assertIn(basis.replace("-", " "), self.work(presence))

    def test_deferred_action_wants_economic_necessity(self):
        presence = self.grant("deferred-action")
        self.refuse_work("WORK_NEEDS_ECONOMIC_NECESSITY", "8 CFR 274a.12(c)(14)", presence,
                         "deferred-action")
        self.ws(*self.words(presence, "deferred-action", "--economic-necessity"))

    def test_another_class_names_its_citation(self):
        presence = self.grant()
        self.refuse_work("WORK_BASIS_NEEDS_CITATION", "8 CFR 274a.12", presence, "other")
        self.ws(*self.words(presence, "other", "--citation", "8 CFR 274a.12(a)(5)"))
        self.assertIn("8 CFR 274a.12(a)(5)", self.work(presence))

    def test_ends_with_the_presence(self):
        presence = self.grant("parole", "--work", "parole")
        self.end(presence, "--on", "+5d")
        cut = "%s to %s" % (mission.day(0), mission.day(5))
        self.assertIn(cut, self.work(presence))
        self.heard(cut, presence)
        self.refuse_work("PRESENCE_ENDED", "28 CFR 1100.35; 8 CFR 274a.12(c)", presence, "parole",
                         "--from", "today", "--until", "+3d")

    def test_work_that_had_not_begun_falls_with_the_presence(self):
        presence = self.grant()
        self.ws(*self.words(presence, "parole", "--from", "+20d", "--until", "+50d"))
        self.heard(str(mission.day(50)), presence)
        self.end(presence, "--on", "+5d")
        self.assertEqual(self.work(presence), "not authorized")
        self.heard("not authorized", presence)

    def test_unit_that_adjudicates_alone_authorizes(self):
        presence = self.grant()
        self.refuse_work("UNIT_DENIED", "policy CP-4", presence, "parole", "--from", "today",
                         "--until", "+30d", officer=INVESTIGATOR, code=command.DENIED)
        with self.unchanged(("presence", "show", presence, "--as", INS)):
            self.run_code(command.USAGE, *self.words(presence, officer=FBI))


if __name__ == "__main__":
    junit.main()
