"""Who sees what: each line of the page on the referral, tried from the wrong side."""
import os
import signal

import command
import junit
import mission
from mission import (CHIEF, CONSUL, DSS, ETA, FBI, INS, INVESTIGATOR, LINE, ORR, OVC, PRM, USA,
                     USAID)

AGENCIES = ("doj", "ins", "hhs", "dol", "dos", "usaid")
NEEDS = "SYNTHETIC. Evenings only."
HIDDEN = ("Evenings only", "job-training", "consent-", "basis ")


class SightTest(mission.MissionTest):
    def services(self):
        """HHS refers a person to DOL's services; returns the referral."""
        person = self.field("person", self.certification("open", "--door", "ngo", "--age",
                                                         "twenty-one-or-older"))
        consent = self.field("consent", self.ws(
            "consent", "record", person, "--as", ORR, "--purpose", "services,return,"
            "tell-origin-government,share-with-iom", "--agency", "dol,dos,usaid", "--until",
            "+180d"))
        referral = self.field("referral", self.ws(
            "services", "refer", "--as", ORR, "--person", person, "--consent", consent,
            "--service", "job-training", "--needs", NEEDS))
        self.arrived(referral, ETA)
        self.on_record(referral)
        return referral, person, consent

    def on_record(self, referral):
        """Waits until the target's receipt is on the record."""
        command.eventually("the receipt on the record", lambda: any(
            step["state"] == "REFERRAL_STATE_RECEIVED" for step in self.json("history", referral)))

    def going_home(self):
        """A return that PRM forwarded to USAID; returns (referral, onward)."""
        _, person, consent = self.services()
        referral = self.field("referral", self.ws(
            "return-home", "refer", "--as", ORR, "--person", person, "--country", "MD",
            "--return-consent", consent, "--origin-government-consent", consent, "--iom-consent",
            consent, "--risk", "low", "--risk-summary", "SYNTHETIC. Family awaits.", "--age",
            "twenty-one-or-older"))
        self.arrived(referral, PRM)
        return referral, self.forward_home(referral)

    def unseen(self, referral, officer):
        """The officer's agency says of the referral that it has none such."""
        for words in (("case", "show"), ("history",)):
            refused = self.run_code(command.NOT_FOUND, *words, referral, "--as", officer)
            self.assertEqual(refused.out, "")
        refused = self.run_code(command.NOT_FOUND, "case", "break-glass", referral, "--reason",
                                "SYNTHETIC.", "--as", officer)
        self.assertEqual(refused.out, "")

    def barred(self, referral):
        """Enforcement at INS is refused the referral, and does not learn whether there is one."""
        for words in (("case", "show", referral), ("history", referral),
                      ("case", "break-glass", referral, "--reason", "SYNTHETIC.")):
            self.refuse("UNIT_DENIED", "policy CP-4", *words, "--as", INVESTIGATOR,
                        code=command.DENIED)

    # -- history --

    def test_history_of_an_officer_is_verified_as_the_auditors_is(self):
        referral, _, _ = self.services()
        auditors = self.json("history", referral)
        for officer in (ORR, ETA, LINE):
            steps = self.json("history", referral, "--as", officer)
            self.assertEqual([step["version"] for step in steps],
                             [step["version"] for step in auditors])
            self.assertTrue(all(not step["problems"] for step in steps))
            self.assertGreaterEqual(sum(step["verified"] for step in steps), 3)
        shown = self.ws("history", referral, "--as", ETA)
        self.assertIn("VERIFIED", shown)
        for hidden in HIDDEN:
            self.assertNotIn(hidden, shown)

    def test_history_of_a_petition_at_both_sides(self):
        referral = self.petition()
        self.on_record(referral)
        for officer in (FBI, OVC, INS, CHIEF):
            self.assertIn("VERIFIED", self.ws("history", referral, "--as", officer))
        self.barred(referral)
        for stranger in (ORR, ETA, CONSUL, USAID):
            self.unseen(referral, stranger)

    def test_a_stolen_referral_id_opens_nothing_elsewhere(self):
        referral, _, _ = self.services()
        for stranger in (FBI, USA, INS, CHIEF, CONSUL, DSS, PRM, USAID):
            self.unseen(referral, stranger)
        self.barred(referral)
        # As it says of what is none at all.
        self.barred("0" * 32)

    def test_history_needs_the_bus(self):
        referral, _, _ = self.services()
        broker = self.dev.service("broker")
        os.kill(broker, signal.SIGSTOP)
        try:
            refused = self.run_code(command.UNREACHABLE, "history", referral, "--as", ETA)
        finally:
            os.kill(broker, signal.SIGCONT)
        self.assertIn("nothing can be verified", refused.err)
        self.assertIn("reason: BUS_AWAY", refused.err)
        self.assertEqual(refused.out, "")

    def test_onward_hops_show_only_that_they_were_answered(self):
        referral, onward = self.going_home()
        self.ws("take-up", onward, "--as", USAID)
        self.ws("answer", onward, "--as", USAID, "--body",
                '{"arranged": ["shelter"], "partner": "SYN shelter"}')
        self.await_field("state", "answered", "case", "show", onward, "--as", PRM)
        ours = self.ws("history", referral, "--as", PRM)
        self.assertIn(onward, ours)
        self.assertIn("answered", ours)
        self.ws("return-home", "answer", referral, "--outcome", "declined")
        self.await_field("state", "answered", "case", "show", referral, "--as", ORR)
        theirs = self.ws("history", referral, "--as", ORR)
        self.assertIn("of another agency  answered", theirs)
        self.assertNotIn("usaid", theirs)
        shown = theirs + self.ws("-o", "json", "case", "show", referral, "--as", ORR)
        for hidden in (onward, "SYN shelter"):
            self.assertNotIn(hidden, shown)
        for stranger in (ORR, INS, FBI):
            self.unseen(onward, stranger)
        self.barred(onward)

    def test_recipient_of_a_forwarded_referral_does_not_see_the_root(self):
        referral, onward = self.going_home()
        seen = (self.ws("-o", "json", "case", "show", onward, "--as", USAID) +
                self.ws("-o", "json", "history", onward, "--as", USAID))
        self.assertNotIn(referral, seen)
        self.unseen(referral, USAID)

    # -- denied --

    def test_enforcement_does_not_see_service_content(self):
        person = self.open_intake()
        words = ("case", "open", "--to-unit", "hhs/orr", "--type", "information-request",
                 "--person", person, "--basis", "duty:TVPA 107(c)", "--body",
                 '{"kind": "service-content", "purpose": "SYNTHETIC. To know."}')
        for officer in (FBI, USA, OVC):
            with self.subTest(officer=officer):
                referral = self.field("referral", self.ws(*words, "--as", officer))
                shown = self.await_field("state", "returned", "case", "show", referral, "--as",
                                         officer)
                self.assertIn("POLICY-IR-2", self.field("citation", shown))
        # INS and Diplomatic Security cannot even ask.
        with self.unchanged(("certification", "list", "--as", ORR)):
            for officer in (INS, DSS):
                self.refuse("PROCEDURE_UNKNOWN", "sends none of this type", *words, "--as", officer)
            self.refuse("UNIT_DENIED", "policy CP-4", *words, "--as", INVESTIGATOR,
                        code=command.DENIED)

    def test_adjudication_and_enforcement_are_denied_each_other(self):
        referral = self.petition()
        for words in (("petition", "show", referral), ("petition", "list"), ("presence", "list"),
                      ("inbox",), ("case", "list"), ("history", referral),
                      ("case", "break-glass", referral, "--reason", "SYNTHETIC.")):
            with self.subTest(words=words):
                self.refuse("UNIT_DENIED", "policy CP-4", *words, "--as", INVESTIGATOR,
                            code=command.DENIED)

    def test_no_record_opens_a_removal_action(self):
        contracts = self.json("explain")
        self.assertGreater(len(contracts), 5)
        for contract in contracts:
            words = " ".join(str(value) for value in contract.values()).lower()
            for barred in ("removal", "deport", "charging"):
                self.assertNotIn(barred, words)
            # Enforcement is asked nothing at all.
            self.assertNotIn("ins/investigations", words)
            # Nor does any field or value of a body say so. What keeps a person here may be asked.
            body = self.ws("explain", contract["procedure"]).lower().replace("stay-of-removal", "")
            for part in ("request " + contract["request"], "answer " + contract["answer"]):
                self.assertIn("\n%s\n" % part.lower(), body)
            for barred in ("removal", "deport", "charging"):
                self.assertNotIn(barred, body)
        person = self.open_intake()
        with self.unchanged(("case", "list", "--as", FBI)):
            self.refuse("FIELD_INVALID", "hhs/orr", "case", "open", "--as", FBI, "--to-unit",
                        "ins/investigations", "--type", "information-request", "--person", person,
                        "--basis", "duty:TVPA 107(c)", "--body",
                        '{"kind": "service-content", "purpose": "SYNTHETIC. To remove."}')

    def test_an_officer_of_one_agency_calls_no_other(self):
        referral = self.petition()
        for officer, own in ((FBI, "doj"), (INS, "ins"), (INVESTIGATOR, "ins")):
            for other in (agency for agency in AGENCIES if agency != own):
                line = 'staff_id: "%s"\nagency: "%%s"' % officer
                profile = self.profile.replace(line % own, line % other)
                self.assertNotEqual(profile, self.profile)
                for words in (("history", referral), ("case", "list"), ("case", "show", referral)):
                    with self.subTest(officer=officer, other=other, words=words):
                        refused = self.with_profile(profile, *words, "--as", officer)
                        self.assertEqual(refused.code, command.DENIED, refused.err)
                        self.assertIn("reason: CALLER_NOT_STAFF", refused.err)
                        self.assertEqual(refused.out, "")

    def test_staff_get_nothing_from_the_broker(self):
        referral = self.petition()
        auditor = self.credential("/auditor")
        for officer in ("doj/staff/" + FBI, "ins/staff/" + INS, "ins/staff/" + INVESTIGATOR):
            with self.subTest(officer=officer):
                profile = self.profile.replace(auditor, self.credential("/agency/" + officer))
                self.assertNotEqual(profile, self.profile)
                refused = self.with_profile(profile, "history", referral)
                self.assertNotEqual(refused.code, command.OK)
                self.assertIn("reason: IDENTITY_UNKNOWN", refused.err)
                self.assertEqual(refused.out, "")

    # -- break-glass --

    def glass(self, referral, officer, *words):
        return ("case", "break-glass", referral, "--as", officer, *words)

    def test_glass_opens_content_and_both_owners_are_told(self):
        referral, _, _ = self.services()
        self.assertIn("dol/eta", self.field("withheld", self.ws("case", "show", referral, "--as",
                                                                LINE)))
        shown = self.ws(*self.glass(referral, LINE, "--reason", "SYNTHETIC. Caller in danger.",
                                    "--for", "10m"))
        self.assertIn("Evenings only", shown)
        self.assertIn("Evenings only", self.ws("case", "show", referral, "--as", LINE))
        # It opens content, and permits no step.
        self.refuse("UNIT_NOT_OWN", "dol/eta", "take-up", referral, "--as", LINE,
                    code=command.DENIED)
        for owner in (ETA, ORR):
            inbox = command.eventually("the notice in the inbox of " + owner, lambda: next(
                (line for line in self.ws("inbox", "--as", owner).splitlines()
                 if referral in line and "glass broken by " + LINE in line), None))
            self.assertIn(referral, inbox)
            broken = self.field("glass broken", self.ws("case", "show", referral, "--as", owner))
            for said in (LINE, "Caller in danger", " until "):
                self.assertIn(said, broken)
            self.assertNotIn("glass broken by", self.ws("inbox", "--as", owner))
            self.assertIn("Caller in danger", self.ws("history", referral, "--as", owner))
        # On the record: the notice is a referral of its own, answered by a rule.
        steps = self.json("history", referral, "--as", ETA)
        notice = next(step["notice_referral_id"] for step in steps if "notice_referral_id" in step)
        record = self.ws("history", notice)
        self.assertIn("VERIFIED", record)
        self.assertNotIn("danger", record)

    def test_glass_needs_reason_and_time_and_another_unit(self):
        referral, _, _ = self.services()
        with self.unchanged(("case", "show", referral, "--as", ETA), ("case", "list", "--as", LINE),
                            ("case", "show", referral, "--as", LINE)):
            self.run_code(command.USAGE, *self.glass(referral, LINE))
            self.refuse("FIELD_INVALID", "reason", *self.glass(referral, LINE, "--reason", ""))
            for time in ("0s", "-5m", "61m"):
                self.refuse("GLASS_TIME_OUTSIDE", "POLICY-BG-1", *self.glass(
                    referral, LINE, "--reason", "SYNTHETIC.", "--for=" + time))
            self.refuse("GLASS_NOT_NEEDED", "another unit", *self.glass(
                referral, ETA, "--reason", "SYNTHETIC."))

    def test_glass_does_not_break_for_enforcement(self):
        referral, onward = self.going_home()
        for which in (referral, onward):
            with self.unchanged(("case", "show", which, "--as", PRM)):
                self.refuse("SERVICE_CONTENT_CLOSED", "POLICY-IR-2", *self.glass(
                    which, DSS, "--reason", "SYNTHETIC. To know."))
                # No party holds it at INS: there is nothing to break, for either unit.
                self.unseen(which, INS)
                self.barred(which)

    # -- profiles that nobody was given --

    @property
    def profile(self):
        with open(os.path.join(self.data, "profile.textproto"), encoding="utf-8") as f:
            # Without indentation, which differs between a block and one in another.
            return "\n".join(line.strip() for line in f.read().splitlines())

    def credential(self, path):
        """The lines of one credential in the profile."""
        lines = self.profile.splitlines()
        at = next(i for i, line in enumerate(lines)
                  if line == 'identity: "spiffe://waystation.example%s"' % path)
        return "\n".join(lines[at:at + 3])

    def with_profile(self, text, *words):
        path = self.home.path("crossed.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return self.home.run("--profile", path, *words)


if __name__ == "__main__":
    junit.main()
