"""presence: what INS granted is listed, renewed, ended and worked under, from both sides."""
import datetime
import json
import os
import shlex
import unittest

import command
import junit

FBI, FBI_2, OVC = "agent-1101", "agent-1102", "ovc-1201"
INS, INS_2, CHIEF = "adjudicator-2101", "adjudicator-2102", "supervisor-2103"
UNKNOWN = "cp-0000-0000-0000"
TERMS = ("--case-number", "SYN-2002-0200", "--circumstances", "SYNTHETIC. The trial goes on.",
         "--certify-witness")
REQUEST_ID = "01890a5d-ac96-774b-bcce-b30209900%03d"


class PresenceTest(command.BusTest):
    def decide(self, referral, *words):
        """Two officials of INS grant it; returns the presence as DOJ reads it."""
        self.ws("take-up", referral)
        self.ws("answer", referral, "--grant", "--mechanism", "parole", *words)
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        return self.field("presence", self.ws("petition", "show", referral))

    def grant(self, *words):
        return self.decide(self.petition(), *words)

    def renew(self, presence, *words):
        """Petitions for two more years; returns the referral once INS has it."""
        out = self.ws("presence", "renew", presence, *TERMS, "--until", "+1095d", *words)
        referral = self.field("referral", out)
        self.await_state(referral, "received", FBI)
        command.eventually("the renewal at INS", lambda: self.home.run(
            "petition", "show", referral, "--as", INS).code == command.OK)
        return referral

    def end(self, presence, officer=INS, kind="no-longer-necessary"):
        return self.ws("presence", "end", presence, "--kind", kind, "--as", officer)

    def ended(self):
        """A presence that both agencies know as ended."""
        presence = self.grant()
        self.end(presence)
        self.end(presence, CHIEF)
        self.await_presence("state", "ended", presence)
        return presence

    def seen(self, name, presence, officer=FBI):
        return self.field(name, self.ws("presence", "show", presence, "--as", officer))

    def await_presence(self, name, value, presence, officer=FBI):
        command.eventually("%s %s" % (name, value),
                           lambda: value in self.seen(name, presence, officer))

    def row(self, presence, *words):
        """The cells of one presence in a list, None when it is not there."""
        for line in self.ws("presence", "list", *words).splitlines():
            if line.startswith(presence):
                return line.split("  ")
        return None

    def refuse(self, reason, *words, code=command.FAILURE):
        refused = self.run_code(code, *words)
        self.assertIn("reason: %s\n" % reason, refused.err)
        self.assertRegex(refused.err, r"\n  next:   ")
        self.assertEqual(refused.out, "")
        return refused.err


class ReadTest(PresenceTest):
    def test_both_agencies_list_and_show_it(self):
        referral = self.petition()
        presence = self.decide(referral, "--work", "parole")
        self.assertRegex(presence, r"^cp-[0-9a-z-]+$")
        for officer, state in ((FBI, "granted"), (OVC, "granted"), (INS, "active"),
                               (CHIEF, "active")):
            with self.subTest(officer=officer):
                self.assertIn(state, self.row(presence, "--as", officer))
                shown = self.ws("presence", "show", presence, "--as", officer)
                self.assertEqual(self.field("state", shown), state)
                self.assertEqual(self.field("referral", shown), referral)
                self.assertEqual(self.field("petitioner", shown), "doj/fbi")
                self.assertEqual(self.field("mechanism", shown), "parole")
                self.assertIn(self.field("lasts", shown), self.field("work", shown))

    def test_reading_a_presence_leaves_the_answer_unread(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.ws("answer", referral, "--grant", "--mechanism", "parole")
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        command.eventually("the answer at DOJ", lambda: referral in self.ws("inbox", "--as", FBI))
        command.eventually("the presence at DOJ",
                           lambda: referral in self.ws("-o", "json", "presence", "list"))
        self.assertIn(referral, self.ws("inbox", "--as", FBI))

    def test_list_can_be_narrowed(self):
        one, other = self.grant(), self.grant("--from", "+10d", "--until", "+20d")
        person = self.seen("person", one)
        for officer in (FBI, INS):
            with self.subTest(officer=officer):
                rows = self.ws("presence", "list", "--person", person, "--as", officer)
                self.assertIn(one, rows)
                self.assertNotIn(other, rows)
                # The soonest to end comes first.
                rows = self.ws("presence", "list", "--as", officer)
                self.assertLess(rows.index(other), rows.index(one))
        self.assertIsNone(self.row(one, "--as", INS, "--state", "future,ended"))
        self.assertIsNotNone(self.row(other, "--as", INS, "--state", "future,ended"))
        refused = self.run_code(command.USAGE, "presence", "list", "--state", "future")
        self.assertIn("only INS works it out", refused.err)

    def test_nothing_to_list_is_said(self):
        for officer in (FBI, INS):
            empty = self.run_code(command.OK, "presence", "list", "--person", "pv-0", "--as",
                                  officer)
            self.assertEqual(empty.out, "")
            self.assertIn("no presence", empty.err)

    def test_denied_petition_makes_none(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.ws("answer", referral, "--deny", "--reasons", "SYNTHETIC. Not needed.")
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        for officer in (FBI, INS):
            self.assertNotIn(referral, self.ws("-o", "json", "presence", "list", "--as", officer))


class RenewTest(PresenceTest):
    def test_renewal_follows_without_gap_or_overlap(self):
        presence = self.grant("--work", "parole")
        last = datetime.date.fromisoformat(self.seen("lasts", presence).split(" to ")[1])
        referral = self.renew(presence)
        for officer in (FBI, INS):
            shown = self.ws("petition", "show", referral, "--as", officer)
            self.assertEqual(self.field("renews", shown), presence)
            self.assertIn(str(last + datetime.timedelta(days=1)), self.field("asked for", shown))
        # The usual days would not extend anything; the command says which would.
        taken_up = self.run_code(command.OK, "take-up", referral)
        self.refuse("RENEWAL_EXTENDS_NOTHING", "answer", referral, "--grant", "--mechanism",
                    "parole")
        typed = taken_up.err.split("next: tools/ws ")[1].split(", or")[0]
        proposed = self.ws(*shlex.split(typed))
        self.assertIn(str(last + datetime.timedelta(days=1)), self.field("terms", proposed))
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        renewal = self.field("presence", self.ws("petition", "show", referral))
        self.assertEqual(self.seen("state", presence, INS), "active")
        self.assertEqual(self.seen("state", renewal, INS), "future")
        for officer in (FBI, INS):
            self.assertEqual(self.seen("renews", renewal, officer), presence)
        self.assertNotIn("against it", self.ws("petition", "show", referral, "--as", INS))
        self.assertIn("VERIFIED", self.ws("history", referral))

    def test_renewed_presence_is_replaced_and_cannot_end(self):
        presence = self.grant()
        renewal = self.decide(self.renew(presence, "--from", "today"), "--until", "+1095d")
        self.assertEqual(self.seen("state", presence, INS), "renewed")
        self.assertEqual(self.seen("state", renewal, INS), "active")
        self.refuse("PRESENCE_ENDED", "presence", "end", presence, "--kind", "other-status")

    def test_renewal_that_extends_nothing_is_warned(self):
        refused = self.refuse("WARNINGS_NOT_ACKNOWLEDGED", "presence", "renew", self.grant(),
                              *TERMS, "--from", "today", "--until", "+30d")
        self.assertIn("RENEWAL_EXTENDS_NOTHING", refused)
        self.assertIn("28 CFR 1100.35", refused)

    def test_only_the_unit_that_petitioned_renews(self):
        presence = self.grant()
        words = ("presence", "renew", presence, *TERMS, "--until", "+1095d")
        self.refuse("UNIT_NOT_OWN", *words, "--as", OVC, code=command.DENIED)
        self.refuse("UNIT_NOT_OWN", *words, "--as", OVC, "--unit", "doj/fbi", code=command.DENIED)
        refused = self.run_code(command.USAGE, *words, "--as", INS)
        self.assertIn("want staff of doj", refused.err)
        self.renew(presence, "--as", FBI_2)

    def test_one_renewal_at_a_time(self):
        presence = self.grant()
        self.renew(presence)
        self.refuse("PETITION_OPEN", "presence", "renew", presence, *TERMS, "--until", "+1095d")

    def test_ended_presence_is_not_renewed(self):
        refused = self.refuse("PRESENCE_ENDED", "presence", "renew", self.ended(), *TERMS,
                              "--until", "+1095d")
        self.assertIn("else a first petition", refused)

    def test_same_request_id_files_once(self):
        words = (self.grant(), "--request-id", REQUEST_ID % 1)
        self.assertEqual(self.renew(*words), self.renew(*words))


class EndTest(PresenceTest):
    def test_end_takes_two_officials_who_type_the_same(self):
        presence = self.grant()
        words = ("presence", "end", presence, "--kind", "other", "--reason",
                 "SYNTHETIC. The person's wish; $(none).")
        proposed = self.run_code(command.OK, *words)
        self.assertEqual(self.field("state", proposed.out), "end proposed")
        self.assertIn(INS, self.field("end proposed by", proposed.out))
        self.assertEqual(self.seen("state", presence), "granted")
        self.assertIn(presence, self.ws("presence", "list", "--as", INS_2, "--state",
                                        "end-proposed"))
        self.assertIn("policy CP-2", self.refuse("SECOND_OFFICIAL_REQUIRED", *words))
        self.refuse("PROPOSAL_CHANGED", "presence", "end", presence, "--kind", "other-status",
                    "--as", CHIEF)
        self.refuse("PROPOSAL_CHANGED", *words, "--on", "+1d", "--as", CHIEF)
        # What the command printed is what the second official pastes.
        typed = proposed.err.splitlines()[-1].replace("tools/ws ", "").replace("--as ID", "--as " +
                                                                               CHIEF)
        ended = self.run_code(command.OK, *shlex.split(typed))
        self.assertEqual(self.field("state", ended.out), "ended")
        self.assertIn("the petitioner is told", ended.err)
        self.await_presence("state", "ended", presence)
        self.assertEqual(self.seen("ended because", presence), "other")
        referral = self.seen("referral", presence)
        shown = self.ws("petition", "show", referral)
        self.assertIn("other: SYNTHETIC. The person's wish; $(none).",
                      self.field("presence ended", shown))
        self.assertEqual(shown.count("ended by"), 2)
        # The petition's own record is closed; the notice is another referral.
        self.assertIn("VERIFIED", self.ws("history", referral))

    def test_presence_ends_once(self):
        presence = self.ended()
        for officer in (INS, INS_2, CHIEF):
            refused = self.refuse("PRESENCE_ENDED", "presence", "end", presence, "--kind",
                                  "no-longer-necessary", "--as", officer)
            self.assertIn("tools/ws presence show " + presence, refused)

    def test_end_names_the_renewal_that_still_stands(self):
        presence = self.grant()
        referral = self.renew(presence)
        first = self.field("asked for", self.ws("petition", "show", referral)).split(" to ")[0]
        renewal = self.decide(referral, "--from", first, "--until", "+1095d")
        self.end(presence)
        ended = self.run_code(command.OK, "presence", "end", presence, "--kind",
                              "no-longer-necessary", "--as", CHIEF)
        self.assertIn("its renewal still stands, from %s: " % first, ended.err)
        self.assertIn("presence show " + renewal, ended.err)
        self.assertEqual(self.seen("state", renewal, INS), "future")

    def test_end_lies_within_the_presence(self):
        presence = self.grant()
        for day in ("-1d", "+366d"):
            self.refuse("PRESENCE_END_OUTSIDE", "presence", "end", presence, "--kind",
                        "other-status", "--on", day)
        self.assertEqual(self.seen("state", presence, INS), "active")

    def test_other_reason_is_given_in_words(self):
        refused = self.refuse("FIELD_INVALID", "presence", "end", self.grant(), "--kind", "other")
        self.assertIn("tools/ws presence end --help", refused)

    def test_nobody_ends_it_as_expired_or_from_doj(self):
        presence = self.grant()
        for kind in ("expired", "dance"):
            refused = self.run_code(command.USAGE, "presence", "end", presence, "--kind", kind)
            self.assertIn("no-longer-necessary", refused.err)
        refused = self.run_code(command.USAGE, "presence", "end", presence, "--kind",
                                "other-status", "--as", FBI)
        self.assertIn("want staff of ins", refused.err)
        self.assertEqual(self.seen("state", presence, INS), "active")

    def test_service_denies_a_certificate_of_the_other_agency(self):
        presence = self.grant()
        with open(os.path.join(self.data, "profile.textproto"), encoding="utf-8") as f:
            profile = f.read()
        path = self.home.path("forged.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(profile.replace("agency/ins/staff/" + INS, "agency/doj/staff/" + FBI))
        for words in (("list",), ("show", presence), ("end", presence, "--kind", "other-status"),
                      ("authorize-work", presence, "--basis", "parole")):
            with self.subTest(words=words):
                self.refuse("CALLER_NOT_STAFF", "presence", *words, "--as", INS, "--profile", path,
                            code=command.DENIED)
        self.assertEqual(self.seen("state", presence, INS), "active")

    def test_same_request_id_proposes_once(self):
        words = ("presence", "end", self.grant(), "--kind", "other-status", "--request-id",
                 REQUEST_ID % 2)
        self.assertEqual(self.ws(*words), self.ws(*words))


class WorkTest(PresenceTest):
    def test_work_lasts_as_long_as_the_presence_unless_said(self):
        presence = self.grant()
        self.assertEqual(self.seen("work", presence, INS), "not authorized")
        shown = self.ws("presence", "authorize-work", presence, "--basis", "parole", "--as", INS_2)
        self.assertEqual(self.field("work", shown),
                         "parole, %s, by %s" % (self.field("lasts", shown), INS_2))
        self.await_presence("work", "by " + INS_2, presence)
        # A later act replaces the earlier one.
        shown = self.ws("presence", "authorize-work", presence, "--basis", "parole", "--until",
                        "+30d", "--as", CHIEF)
        self.assertNotIn(self.field("lasts", shown), self.field("work", shown))
        self.await_presence("work", "by " + CHIEF, presence)
        self.assertIn("by " + CHIEF, self.ws("petition", "show", self.seen("referral", presence)))

    def test_work_of_a_future_presence_begins_with_it(self):
        presence = self.grant("--from", "+10d", "--until", "+20d")
        self.refuse("WORK_AUTHORIZATION_BEFORE_PRESENCE", "presence", "authorize-work", presence,
                    "--basis", "parole", "--from", "today")
        shown = self.ws("presence", "authorize-work", presence, "--basis", "parole")
        self.assertIn(self.field("lasts", shown), self.field("work", shown))

    def test_work_that_the_law_does_not_open_is_refused(self):
        presence = self.grant()
        for reason, rule, words in (
                ("WORK_BASIS_NOT_OPEN", "8 CFR 274a.12(c)(11)", ("--basis", "deferred-action")),
                ("WORK_BASIS_NEEDS_CITATION", "8 CFR 274a.12", ("--basis", "other")),
                ("WORK_AUTHORIZATION_OUTLASTS_PRESENCE", "8 CFR 274a.12(c)",
                 ("--basis", "parole", "--until", "+366d")),
                ("WORK_AUTHORIZATION_PERIOD_INVALID", "8 CFR 274a.13(b)",
                 ("--basis", "parole", "--until", "today"))):
            with self.subTest(reason=reason):
                self.assertIn(rule, self.refuse(reason, "presence", "authorize-work", presence,
                                                *words))
        self.assertEqual(self.seen("work", presence, INS), "not authorized")

    def test_necessity_opens_work_under_deferred_action(self):
        referral = self.petition()
        self.ws("take-up", referral)
        self.ws("answer", referral, "--grant", "--mechanism", "deferred-action")
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        presence = self.field("presence", self.ws("petition", "show", referral))
        words = ("presence", "authorize-work", presence, "--basis", "deferred-action")
        self.assertIn("--economic-necessity", self.refuse("WORK_NEEDS_ECONOMIC_NECESSITY", *words))
        self.assertIn("deferred action", self.field("work", self.ws(*words,
                                                                    "--economic-necessity")))

    def test_work_ends_with_the_presence(self):
        presence = self.ended()
        self.refuse("PRESENCE_ENDED", "presence", "authorize-work", presence, "--basis", "parole")

    def test_only_ins_authorizes(self):
        refused = self.run_code(command.USAGE, "presence", "authorize-work", self.grant(),
                                "--basis", "parole", "--as", FBI)
        self.assertIn("want staff of ins", refused.err)

    def test_same_request_id_authorizes_once(self):
        words = ("presence", "authorize-work", self.grant(), "--basis", "parole", "--request-id",
                 REQUEST_ID % 3)
        self.assertEqual(self.ws(*words), self.ws(*words))


class WordsTest(PresenceTest):
    def test_unknown_presence_is_not_found(self):
        for words in (("show", UNKNOWN), ("show", UNKNOWN, "--as", INS),
                      ("renew", UNKNOWN, *TERMS, "--until", "+1095d"),
                      ("renew", UNKNOWN, *TERMS, "--from", "today", "--until", "+1095d"),
                      ("end", UNKNOWN, "--kind", "other-status"),
                      ("authorize-work", UNKNOWN, "--basis", "parole"),
                      ("authorize-work", UNKNOWN, "--basis", "parole", "--from", "today",
                       "--until", "+9d")):
            with self.subTest(words=words):
                refused = self.refuse("PRESENCE_UNKNOWN", "presence", *words,
                                      code=command.NOT_FOUND)
                self.assertIn("next:   tools/ws presence list", refused)

    def test_wrong_usage_names_what_is_wanted(self):
        for words, want in (((), "one of list, show, renew, end, authorize-work"),
                            (("show",), "PRESENCE is required"),
                            (("list", "--state", "asleep"), "future, active, end-proposed"),
                            (("renew", UNKNOWN), "--case-number is required"),
                            (("renew", UNKNOWN, *TERMS), "--until is required"),
                            (("renew", UNKNOWN, *TERMS, "--from", "today", "--until", "later"),
                             "--until: no day"),
                            (("end", UNKNOWN), "--kind is required"),
                            (("end", UNKNOWN, "--kind", "other-status", "--on", "soon"),
                             "--on: no day"),
                            (("authorize-work", UNKNOWN), "--basis is required"),
                            (("authorize-work", UNKNOWN, "--basis", "hope"),
                             "parole, deferred-action, order-of-supervision, other")):
            with self.subTest(words=words):
                refused = self.run_code(command.USAGE, "presence", *words)
                self.assertEqual(refused.out, "")
                self.assertIn(want, refused.err)
                self.assertRegex(refused.err, r"\n  next:   tools/ws presence ")


class JsonTest(PresenceTest):
    def test_ids_can_be_pasted_back(self):
        presence = self.grant()
        renewal = self.decide(self.renew(presence), "--until", "+1095d")
        self.petition()
        for words in (("inbox", "--as", INS), ("inbox", "--all"), ("petition", "list"),
                      ("petition", "list", "--as", INS), ("presence", "list"),
                      ("presence", "list", "--as", INS)):
            with self.subTest(words=words):
                lines = self.json(*words)
                self.assertTrue(lines)
                for line in lines:
                    self.assertRegex(line["referral_id"], r"^[0-9a-f]{32}$")
                    self.ws("petition", "show", line["referral_id"])
                    self.assertIn("VERIFIED", self.ws("history", line["referral_id"]))
        for officer in (FBI, INS):
            known = {line["presence_id"]: line
                     for line in self.json("presence", "list", "--as", officer)}
            self.assertEqual(known[renewal]["renews_presence_id"], presence)
            for one in known:
                self.assertEqual(self.json("presence", "show", one, "--as", officer), [known[one]])

    def test_renewal_names_what_it_renews(self):
        first = self.petition()
        presence = self.decide(first)
        [renewal] = self.json("presence", "renew", presence, *TERMS, "--until", "+1095d")
        self.assertEqual(renewal["renews_referral_id"], first)
        [shown] = self.json("petition", "show", renewal["referral_id"])
        self.assertEqual(shown["referral_id"], renewal["referral_id"])

    def test_bus_id_is_one_text_everywhere(self):
        [status] = self.json("status")
        self.assertRegex(status["bus_id"], r"^[0-9a-f]{32}$")
        [genesis] = self.json("tail", "--from", "1", "-n", "1")
        self.assertEqual(genesis["genesis"]["bus_id"], status["bus_id"])

    def test_changes_print_one_object(self):
        presence = self.grant()
        [work] = self.json("presence", "authorize-work", presence, "--basis", "parole")
        self.assertEqual(work["work_authorization"]["issued_by"]["staff_id"], INS)
        [proposed] = self.json("presence", "end", presence, "--kind", "other-status")
        self.assertEqual(proposed["state"], "PRESENCE_STATE_END_PROPOSED")
        [ended] = self.json("presence", "end", presence, "--kind", "other-status", "--as", CHIEF)
        self.assertEqual(ended["state"], "PRESENCE_STATE_ENDED")
        failed = self.run_code(command.FAILURE, "-o", "json", "presence", "end", presence, "--kind",
                               "other-status")
        error = json.loads(failed.err.splitlines()[-1])
        self.assertEqual(error["reason"], "PRESENCE_ENDED")
        self.assertEqual(error["next"], "tools/ws presence show " + presence)


if __name__ == "__main__":
    junit.main()
