"""Withdrawing consent: it reaches the holders under it, however early, and stops nothing else."""
import os
import signal

import command
import junit
import mission
from mission import ETA, FBI, INS, LINE, ORR, WILLING, WORKER

RETAINED = "45 CFR 74.53"


class WithdrawalTest(mission.MissionTest):
    def person(self):
        return self.field("person", self.certification("open", "--door", "ngo", "--age",
                                                       "twenty-one-or-older"))

    def consent(self, person, officer=ORR, purpose="services", agency="dol"):
        return self.field("consent", self.ws(
            "consent", "record", person, "--as", officer, "--purpose", purpose, "--agency", agency,
            "--until", "+180d"))

    def services(self, person, consent):
        return self.field("referral", self.ws(
            "services", "refer", "--as", ORR, "--person", person, "--consent", consent,
            "--service", "job-training"))

    def withdraw(self, consent, officer=ORR):
        return self.ws("consent", "withdraw", consent, "--as", officer, "--reason",
                       "SYNTHETIC. Afraid.")

    def await_withdrawn(self, referral, officer):
        command.eventually("the withdrawal at " + officer, lambda: "withdrawn" in " ".join(
            self.fields("scope", self.ws("case", "show", referral, "--as", officer))))

    def await_holder(self, consent, words, officer=ORR):
        command.eventually("%s in the consent" % words, lambda: any(
            holder.startswith(words) for holder in self.fields(
                "holder", self.ws("consent", "show", consent, "--as", officer))))

    def changes(self, referral):
        """How often the record says that the scope changed."""
        return sum(step["transition"] == "TRANSITION_CHANGE_SCOPE"
                   for step in self.json("history", referral))

    def test_sent_before_the_receipt_is_known(self):
        person = self.person()
        consent = self.consent(person)
        referral = self.services(person, consent)
        # The target's receipt is on the record; nobody at HHS has looked since.
        command.eventually("the receipt on the record", lambda: any(
            step["state"] == "REFERRAL_STATE_RECEIVED" for step in self.json("history", referral)))
        self.withdraw(consent)
        self.await_withdrawn(referral, ETA)
        self.assertEqual(self.changes(referral), 1)
        self.ws("scope-confirm", referral, "--as", ETA)
        self.await_holder(consent, "dol: confirmed")

    def test_sent_while_the_target_is_away(self):
        person = self.person()
        consent = self.consent(person)
        dol = self.dev.service("dol")
        os.kill(dol, signal.SIGSTOP)
        try:
            referral = self.services(person, consent)
            self.withdraw(consent)
        finally:
            os.kill(dol, signal.SIGCONT)
        self.await_withdrawn(referral, ETA)
        self.assertEqual(self.changes(referral), 1)
        self.ws("scope-confirm", referral, "--as", ETA)
        self.await_holder(consent, "dol: confirmed")

    def test_holder_confirms_or_names_its_authority(self):
        person = self.person()
        consent = self.consent(person)
        referral = self.services(person, consent)
        self.arrived(referral, ETA)
        self.ws("take-up", referral, "--as", ETA)
        self.refuse("TRANSITION_NOT_ALLOWED", "no change of scope waits", "scope-confirm", referral,
                    "--as", ETA)
        self.await_field("state", "taken up", "case", "show", referral, "--as", ORR)
        self.withdraw(consent)
        self.await_withdrawn(referral, ETA)
        self.await_holder(consent, "dol: pending")
        with self.unchanged(("case", "show", referral, "--as", ETA)):
            self.run_code(command.USAGE, "retain", referral, "--as", ETA)
            self.refuse("FIELD_INVALID", "authority", "retain", referral, "--as", ETA, "--under", "")
            self.refuse("UNIT_NOT_OWN", "dol/eta", "retain", referral, "--as", LINE, "--under",
                        RETAINED, code=command.DENIED)
        self.ws("retain", referral, "--as", ETA, "--under", RETAINED)
        self.await_holder(consent, "dol: retained under " + RETAINED)
        self.refuse("TRANSITION_NOT_ALLOWED", "no change of scope waits", "retain", referral,
                    "--as", ETA, "--under", RETAINED)

    def test_stops_no_prosecution(self):
        out = self.ws("call", "record", "--as", LINE, "--age", "twenty-one-or-older", "--wish",
                      "investigation", "--circumstances", "SYNTHETIC. Papers taken.")
        call, person = self.field("call", out), self.field("person", out)
        consent = self.consent(person, LINE, "investigation", "doj")
        out = self.ws("call", "refer", call, "--as", LINE, "--consent", consent)
        referral = self.field("complaint", out).split(", ")[0]
        self.arrived(referral, WORKER)
        self.ws("take-up", referral, "--as", WORKER)
        self.ws("intake", "open", "--as", FBI, "--person", person, "--circumstances",
                "SYNTHETIC. As reported.")
        self.find_severe(person)
        out = self.ws(*self.file_words(person), "--acknowledge-warnings")
        petition = self.field("referral", out)
        self.await_state(petition, "received", FBI)
        self.await_field("state", "taken up", "case", "show", referral, "--as", LINE)
        before = self.ws("intake", "show", person, "--as", FBI)
        self.withdraw(consent, LINE)
        self.await_withdrawn(referral, WORKER)
        # The petition rests on a duty: it has no scope, and goes on.
        self.ws("retain", referral, "--as", WORKER, "--under", "28 CFR 1100.31")
        self.await_holder(consent, "doj: retained under 28 CFR 1100.31", LINE)
        self.assertEqual(self.changes(petition), 0)
        self.assertEqual(self.ws("intake", "show", person, "--as", FBI), before)
        self.ws("take-up", petition, "--as", INS)
        self.await_state(petition, "taken up", FBI)
        self.ws("answer", referral, "--as", WORKER, "--body",
                '{"kind": "intake-opened", "unit": "doj/worker-exploitation"}')

    def test_reads_as_no_refusal_to_cooperate(self):
        person = self.person()
        self.certification("willingness", person, *WILLING)
        consent = self.consent(person)
        referral = self.services(person, consent)
        self.arrived(referral, ETA)
        with self.unchanged(("certification", "show", person, "--as", ORR)):
            self.withdraw(consent)
            self.await_withdrawn(referral, ETA)
            self.ws("scope-confirm", referral, "--as", ETA)
            self.await_holder(consent, "dol: confirmed")

    def test_reaches_the_holders_under_that_consent_alone(self):
        person = self.person()
        consent, other = self.consent(person), self.consent(person)
        referral, kept = self.services(person, consent), self.services(person, other)
        for one in (referral, kept):
            self.arrived(one, ETA)
        with self.unchanged(("case", "show", kept, "--as", ETA)):
            self.withdraw(consent)
            self.await_withdrawn(referral, ETA)
        self.assertEqual(self.changes(kept), 0)


if __name__ == "__main__":
    junit.main()
