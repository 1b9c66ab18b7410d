"""The verbs of officers, operators and auditors, typed on one development bus."""
import json
import os
import signal
import unittest

import command
import junit

FBI, FBI_2, OVC = "agent-1101", "agent-1102", "ovc-1201"
INS, INS_2, CHIEF = "adjudicator-2101", "adjudicator-2102", "supervisor-2103"
DUTIES = ("identification", "suitable-detention", "medical-care", "protection", "names-withheld",
          "rights-information", "translation", "trained-staff")


class DojTest(command.BusTest):
    def test_intake_opens_lists_and_shows(self):
        out = self.ws("intake", "open", "--language", "th", "--in-custody", "--circumstances",
                      "SYNTHETIC. Found at a workplace inspection.")
        person = self.field("person", out)
        self.assertRegex(person, r"^pv-[0-9a-z-]+$")
        # An age that nobody knows is a child's.
        self.assertEqual(self.field("treated as a child", out), "yes")
        self.assertIn(person, self.ws("intake", "list"))
        shown = self.ws("intake", "show", person)
        self.assertEqual(shown, out)
        self.assertEqual(shown.count("missing duty"), len(DUTIES))
        self.assertIn("TVPA 107(c)(1)(B), 22 U.S.C. 7105(c)(1)(B)", shown)

    def test_unknown_person_is_not_found(self):
        self.run_code(command.NOT_FOUND, "intake", "show", "pv-0000-0000-0000")

    def test_finding_without_means_is_refused_with_citation(self):
        person = self.open_intake()
        refused = self.run_code(command.FAILURE, "finding", "record", person, "--act",
                                "labor-or-services", "--conduct", "recruitment", "--evidence",
                                "SYNTHETIC. None.")
        self.assertIn("TVPA 103(8)(B), 22 U.S.C. 7102(8)(B)", refused.err)
        self.assertIn("SEVERE_FORM_MEANS_MISSING", refused.err)
        self.assertIn("want force, fraud or coercion", refused.err)
        self.assertNotIn("finding", self.ws("intake", "show", person))

    def test_finding_serves_its_own_purpose(self):
        person = self.open_intake()
        self.assertIn("binds no other agency", self.find_severe(person))
        self.assertIn("severe form by doj/fbi", self.ws("intake", "show", person))

    def test_duties_are_recorded_one_by_one(self):
        # In custody: otherwise there is no detention to be suitable.
        opened = self.ws("intake", "open", "--in-custody", "--circumstances",
                         "SYNTHETIC. Found at a workplace inspection.")
        person = self.field("person", opened)
        out = self.ws("duty", "record", person, "medical-care", "--done-on", "today")
        self.assertEqual(self.field("still missing", out), str(len(DUTIES) - 1))
        self.ws("duty", "record", person, "translation", "--not-practicable",
                "No interpreter within reach.")
        shown = self.ws("intake", "show", person)
        self.assertIn("translation: not practicable", shown)
        for kind in DUTIES:
            self.ws("duty", "record", person, kind, "--done-on", "today")
        self.assertNotIn("missing duty", self.ws("intake", "show", person))

    def test_warned_petition_goes_only_when_acknowledged(self):
        person = self.open_intake(OVC)
        self.find_severe(person, OVC)
        words = self.file_words(person, OVC)
        refused = self.run_code(command.FAILURE, *words)
        self.assertIn("WARNINGS_NOT_ACKNOWLEDGED", refused.err)
        self.assertIn("--acknowledge-warnings", refused.err)
        self.assertIn("TVPA 107(c)(3)", refused.err)
        self.assertNotIn(person, self.ws("petition", "list"))
        referral = self.field("referral", self.ws(*words, "--acknowledge-warnings"))
        # INS returns it by itself, with the citation.
        self.await_state(referral, "returned", OVC)
        shown = self.ws("petition", "show", referral, "--as", OVC)
        self.assertIn("not authorized by law", shown)
        self.assertIn("28 CFR 1100.35", self.field("citation", shown))

    def test_same_request_id_files_once(self):
        person = self.open_intake()
        self.find_severe(person)
        words = (*self.file_words(person), "--acknowledge-warnings", "--request-id",
                 "01890a5d-ac96-774b-bcce-b302099a8057")
        first = self.field("referral", self.ws(*words))
        self.assertEqual(self.field("referral", self.ws(*words)), first)
        self.assertEqual(self.ws("petition", "list").count(person), 1)

    def test_step_repeated_under_its_request_id_is_taken_once(self):
        referral = self.petition()
        for words in (("take-up", referral), ("hold", referral, "--until", "+14d", "--reason",
                                              "SYNTHETIC. A document is awaited."),
                      ("resume", referral),
                      ("answer", referral, "--deny", "--reasons", "SYNTHETIC. Not needed."),
                      ("answer", referral, "--countersign", "--as", CHIEF)):
            words = (*words, "--request-id", command.request_id())
            with self.subTest(words=words):
                # Whoever repeats it sees the version and the proposal that it made.
                self.assertEqual(self.json(*words), self.json(*words))
        self.await_state(referral, "answered", FBI)
        shown = self.json("history", referral)
        self.assertEqual([step["version"] for step in shown], [str(i + 1) for i in range(6)])

    def test_officer_of_another_unit_is_denied(self):
        person = self.open_intake()
        self.find_severe(person)
        words = (*self.file_words(person, OVC), "--unit", "doj/fbi", "--acknowledge-warnings")
        denied = self.run_code(command.DENIED, *words)
        self.assertIn("doj/fbi", denied.err)

    def test_cancel_before_receipt_is_final(self):
        ins = self.dev.service("ins")
        os.kill(ins, signal.SIGSTOP)
        try:
            referral = self.petition(received=False)
            self.assertEqual(self.state(referral, FBI), "requested")
            self.ws("cancel", referral, "--reason", "SYNTHETIC. No longer needed.")
            self.await_state(referral, "cancelled", FBI)
        finally:
            os.kill(ins, signal.SIGCONT)
        self.assertIn("nobody holds a next move", self.run_code(0, "history", referral).err)

    def test_cancel_after_receipt_asks_ins(self):
        referral = self.petition()
        self.ws("cancel", referral, "--reason", "SYNTHETIC. No longer needed.")
        self.await_state(referral, "cancel asked", FBI)
        self.await_state(referral, "cancel asked", INS)
        self.assertIn(referral, self.ws("inbox", "--as", INS))
        self.run_code(command.USAGE, "cancellation", referral)
        self.ws("cancellation", referral, "--confirm")
        self.await_state(referral, "cancelled", FBI)

    def test_ins_may_go_on_although_asked_to_cancel(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.await_state(referral, "taken up", FBI)
        self.ws("cancel", referral, "--reason", "SYNTHETIC. No longer needed.")
        self.await_state(referral, "cancel asked", INS)
        self.ws("cancellation", referral, "--continue", "--reason", "SYNTHETIC. Nearly decided.")
        self.await_state(referral, "taken up", FBI)
        self.assertIn("SYNTHETIC. Nearly decided.", self.ws("petition", "show", referral))

    def test_unknown_officer_is_not_found_and_the_known_are_named(self):
        result = self.run_code(command.NOT_FOUND, "inbox", "--as", "agent-9999")
        self.assertIn("agent-9999", result.err)
        self.assertIn(FBI, result.err)


class InsTest(command.BusTest):
    def propose(self, referral, officer=INS):
        return self.ws("answer", referral, "--grant", "--mechanism", "parole", "--work", "parole",
                       "--as", officer)

    def test_grant_by_two_officials(self):
        referral = self.petition()
        self.assertIn(referral, self.ws("inbox", "--as", INS))
        self.assertIn("taken up", self.ws("take-up", referral))
        self.assertIn("on hold", self.ws("hold", referral, "--until", "+14d", "--reason",
                                         "SYNTHETIC. Waits for a file."))
        self.assertIn("taken up", self.ws("resume", referral))
        proposed = self.propose(referral)
        self.assertIn("granted by adjudicator-2101", self.field("proposed", proposed))
        self.assertIn("--countersign", self.field("next", proposed))
        self.assertEqual(self.state(referral, FBI), "taken up")

        refused = self.run_code(command.FAILURE, "answer", referral, "--countersign", "--as", INS)
        self.assertIn("SECOND_OFFICIAL_REQUIRED", refused.err)
        self.assertIn("policy CP-2", refused.err)
        self.assertEqual(self.state(referral, FBI), "taken up")

        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        shown = self.ws("petition", "show", referral)
        self.assertIn("granted: parole", self.field("decision", shown))
        self.assertEqual(shown.count("decided by"), 2)
        self.assertNotIn(referral, self.ws("inbox", "--as", INS))

        history = self.run_code(command.OK, "history", referral)
        self.assertNotIn("FAILED", history.out)
        steps = [line.split("  ")[2].strip() for line in history.out.splitlines()[1:]]
        self.assertEqual(len(steps), 6, history.out)
        self.assertEqual(history.out.count("VERIFIED"), 5)
        self.assertIn("nobody holds a next move", history.err)

    def test_changed_proposal_is_not_countersigned(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.propose(referral)
        self.run_code(command.FAILURE, "answer", referral, "--countersign", "--proposal",
                      "pr-0000-0000-0000", "--as", CHIEF)
        self.assertEqual(self.state(referral, INS), "taken up")

    def test_denial_carries_its_reasons(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.ws("answer", referral, "--deny", "--reasons",
                "SYNTHETIC. Presence is not needed, 28 CFR 1100.35(b).")
        self.ws("answer", referral, "--countersign", "--as", INS_2)
        self.await_state(referral, "answered", FBI)
        self.assertIn("denied: SYNTHETIC. Presence is not needed, 28 CFR 1100.35(b).",
                      self.ws("petition", "show", referral))

    def test_return_carries_kind_and_reason(self):
        referral = self.petition()
        out = self.ws("return", referral, "--kind", "incomplete", "--reason",
                      "SYNTHETIC. The case number is missing.")
        self.assertIn("returned", out)
        self.await_state(referral, "returned", FBI)
        shown = self.ws("petition", "show", referral)
        self.assertEqual(self.field("returned", shown), "incomplete")
        self.assertEqual(self.field("reason", shown), "SYNTHETIC. The case number is missing.")

    def test_step_that_is_not_allowed_names_the_state(self):
        referral = self.petition()
        refused = self.run_code(command.FAILURE, "resume", referral)
        self.assertIn("TRANSITION_NOT_ALLOWED", refused.err)
        self.assertIn('"received"', refused.err)

    def test_officer_of_another_agency_is_wrong_usage(self):
        refused = self.run_code(command.USAGE, "take-up", self.first, "--as", FBI)
        self.assertIn("want staff of ins", refused.err)

    def test_service_denies_a_certificate_of_the_other_agency(self):
        with open(os.path.join(self.data, "profile.textproto"), encoding="utf-8") as f:
            profile = f.read()
        # What a DOJ officer would do who writes an own profile.
        forged = profile.replace("agency/ins/staff/" + INS, "agency/doj/staff/" + FBI)
        self.assertNotEqual(forged, profile)
        path = self.home.path("forged.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(forged)
        denied = self.run_code(command.DENIED, "inbox", "--as", INS, "--profile", path)
        self.assertIn("agency/doj/staff/" + FBI, denied.err)

    def test_inboxes_of_both_sides(self):
        referral = self.petition()
        self.assertIn(referral, self.ws("inbox", "--as", INS))
        self.assertNotIn(referral, self.ws("inbox", "--as", FBI))
        self.assertIn(referral, self.ws("inbox", "--as", FBI, "--all"))


class OperatorTest(command.BusTest):
    def test_status_tells_record_and_queues(self):
        out = self.ws("status")
        self.assertIn("spiffe://waystation.example/broker/1 at 127.0.0.1:", out)
        self.assertIn("fdatasync", out)
        self.assertRegex(out, r"(?m)^agency/ins +0 +0 +0 +-$")

    def test_tail_shows_records_without_payload(self):
        # A petition, with what DOJ tells the auditor of it.
        self.await_record("accepted waystation.audit.compliance.v1")
        (status,) = self.json("status")
        out = self.ws("tail", "--from", "1", "--count", status["last_sequence"])
        self.assertEqual(len(out.splitlines()), int(status["last_sequence"]))
        self.assertIn("accepted waystation.audit.compliance.v1", out)
        self.assertIn("genesis", out)
        self.assertIn("accepted request of " + self.first, out)
        self.assertNotIn("testify", out)

    def await_record(self, text):
        def there():
            (status,) = self.json("status")
            return text in self.ws("tail", "--from", "1", "--count", status["last_sequence"])
        command.eventually(text, there)

    def test_doctor_finds_nothing_wrong(self):
        out = self.ws("doctor")
        self.assertNotIn("FAIL", out)
        self.assertIn("TLS both ways as operator", out)

    def test_history_of_unknown_referral_is_not_found(self):
        unknown = self.run_code(command.NOT_FOUND, "history", "0" * 32)
        self.assertIn("UNKNOWN_REFERRAL", unknown.err)

    def test_no_dead_letter_is_listed_or_redriven(self):
        listed = self.run_code(command.OK, "dead-letters", "list")
        self.assertEqual(listed.out, "")
        self.assertIn("no dead letter", listed.err)
        # As status prints a queue, or in full.
        for queue in ("agency/ins", "spiffe://waystation.example/agency/ins"):
            self.assertEqual(self.json("dead-letters", "list", "--queue", queue), [])
            self.assertEqual(self.json("dead-letters", "redrive", "--queue", queue, "--all"),
                             [{"redriven": "0"}])

    def test_unknown_queue_and_message_are_not_found(self):
        for words in (("list",), ("redrive", "--all")):
            unknown = self.run_code(command.NOT_FOUND, "dead-letters", *words, "--queue",
                                    "agency/nobody")
            self.assertIn("UNKNOWN_QUEUE", unknown.err)
            self.assertIn("spiffe://waystation.example/agency/nobody", unknown.err)
            self.assertIn("next:   tools/ws status", unknown.err)
        unknown = self.run_code(command.NOT_FOUND, "dead-letters", "redrive", "--queue",
                                "agency/ins", "--message", command.request_id())
        self.assertIn("UNKNOWN_MESSAGE", unknown.err)
        self.assertIn("next:   tools/ws dead-letters list --queue agency/ins", unknown.err)

    def test_dead_letters_are_for_operators(self):
        with open(os.path.join(self.data, "profile.textproto"), encoding="utf-8") as f:
            profile = f.read()
        # An auditor, who sees every record, and moves none.
        other = profile.replace("pki/issued/operator/", "pki/issued/auditor/")
        self.assertNotEqual(other, profile)
        path = self.home.path("other.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(other)
        for words in (("list",), ("list", "--queue", "agency/ins"),
                      ("redrive", "--queue", "agency/ins", "--all")):
            with self.subTest(words=words):
                denied = self.run_code(command.DENIED, "dead-letters", *words, "--profile", path)
                self.assertIn("POLICY_DENIED", denied.err)
                self.assertIn("next:   tools/ws doctor", denied.err)

    def test_wrong_usage_names_what_is_wanted(self):
        for words, want in (((), "one of dev, demo"), (("petitions",), "one of dev, demo"),
                            (("petition",), "one of file, list, show"),
                            (("finding", "record"), "PERSON is required"),
                            (("history", "xyz"), "32 hexadecimal digits"),
                            (("answer", self.first), "--grant, --deny or --countersign"),
                            (("dead-letters", "redrive", "--all"), "--queue is required"),
                            (("dead-letters", "redrive", "--queue", "agency/ins"),
                             "--message ID, or --all"),
                            (("dead-letters", "redrive", "--queue", "agency/ins", "--message",
                              "1"), "a UUID in small letters"),
                            (("dead-letters", "redrive", "--queue", "agency/ins", "--message",
                              command.request_id(), "--all"), "--message excludes --all"),
                            (("--timeout", "never", "status"), "--timeout"),
                            (("-o", "yaml", "status"), "yaml")):
            with self.subTest(words=words):
                refused = self.run_code(command.USAGE, *words)
                self.assertEqual(refused.out, "")
                self.assertIn(want, refused.err)
                self.assertRegex(refused.err, r"\n  next:   tools/ws ")

    def test_wrong_word_leads_to_the_help_of_its_verb(self):
        refused = self.run_code(command.USAGE, "duty", "record", "pv-0", "dance", "--done-on",
                                "today")
        self.assertIn("medical-care", refused.err)
        self.assertIn("next:   tools/ws duty record --help", refused.err)

    def test_every_read_verb_prints_json(self):
        person = json.loads(self.ws("-o", "json", "intake", "list").splitlines()[0])["person"]
        certificate = os.path.join(self.data, "pki/issued/auditor/tls.pem")
        for words in (("status",), ("doctor",), ("tail", "--from", "1", "-n", "3"),
                      ("history", self.first), ("inbox", "--as", INS), ("inbox", "--all"),
                      ("intake", "list"), ("intake", "show", person), ("petition", "list"),
                      ("petition", "show", self.first), ("pki", "show", certificate)):
            with self.subTest(words=words):
                lines = self.json(*words)
                self.assertTrue(lines)
                for line in lines:
                    self.assertIsInstance(line, dict)

    def test_errors_are_json_too(self):
        failed = self.run_code(command.NOT_FOUND, "-o", "json", "history", "0" * 32)
        error = json.loads(failed.err)
        self.assertEqual(error["exit_code"], command.NOT_FOUND)
        self.assertEqual(error["reason"], "UNKNOWN_REFERRAL")

    def test_colors_only_on_a_terminal_that_wants_them(self):
        self.assertIn("\x1b[", self.on_terminal(TERM="xterm"))
        self.assertNotIn("\x1b", self.on_terminal(TERM="xterm", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_terminal(TERM="dumb"))
        piped = self.run_code(command.OK, "history", self.first, TERM="xterm")
        self.assertNotIn("\x1b", piped.out + piped.err)

    def on_terminal(self, **env):
        code, shown = self.home.run_on_terminal("history", self.first, **env)
        self.assertEqual(code, command.OK, shown)
        return shown


class StalledBrokerTest(command.BusTest):
    def setUp(self):
        self.broker = self.dev.service("broker")
        os.kill(self.broker, signal.SIGSTOP)
        self.addCleanup(os.kill, self.broker, signal.SIGCONT)

    def test_status_is_unreachable_and_doctor_names_the_broker(self):
        status = self.run_code(command.UNREACHABLE, "status", "--timeout", "1s")
        self.assertIn("no answer", status.err)
        self.assertIn("tools/ws doctor", status.err)
        doctor = self.run_code(command.UNVERIFIED, "doctor", "--timeout", "1s")
        self.assertIn("FAIL  broker at 127.0.0.1:", doctor.out)
        self.assertIn("fix: ", doctor.out)

    def test_petition_waits_for_the_broker(self):
        referral = self.petition(received=False)
        self.assertEqual(self.state(referral, FBI), "requested")
        os.kill(self.broker, signal.SIGCONT)
        self.await_state(referral, "received", FBI)
        self.assertIn(referral, self.ws("inbox", "--as", INS))
        self.assertIn("VERIFIED", self.ws("history", referral))


if __name__ == "__main__":
    junit.main()
