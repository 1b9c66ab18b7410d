"""What needs an agency now: who holds the next move, since when, what is overdue first."""
import re

import command
import junit
import mission
from mission import (CHIEF, CONSUL, DIRECTOR, DSS, ETA, FBI, INS, LINE, ORR, PRM, USAID, WILLING,
                     WORKER, born)

COLUMNS = ["WHAT", "PROCEDURE", "PERSON", "STATE", "NEXT MOVE OF", "SINCE", "DUE", "WHAT TO DO"]
AGE = r"^(now|\d+ (s|min|h|d))$"
TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$"
CENTER = "ins/vermont-service-center"


class InboxTest(mission.MissionTest):
    def inbox(self, officer, *words):
        """The rows of the officer's inbox in their order, each by the names of the columns."""
        lines = self.ws("inbox", "--as", officer, *words).splitlines()
        rows = [re.split(r"  +", line, maxsplit=len(COLUMNS) - 1) for line in lines]
        if rows:
            self.assertEqual(rows.pop(0), COLUMNS)
        return [dict(zip(COLUMNS, row)) for row in rows]

    def find(self, what, officer, *words):
        """The row of this referral or record, None when there is none."""
        rows = [row for row in self.inbox(officer, *words) if row["WHAT"] == what]
        self.assertLessEqual(len(rows), 1)
        return rows[0] if rows else None

    def needs(self, what, officer, holder, **cells):
        """Waits until it needs the officer's agency with these cells; returns the row."""
        wanted = {name.upper(): value for name, value in cells.items()}

        def there():
            row = self.find(what, officer)
            return row if row and wanted.items() <= row.items() else None
        row = command.eventually("%s with %s in the inbox of %s" % (what, wanted, officer), there)
        self.assertEqual(row["NEXT MOVE OF"], holder)
        self.assertRegex(row["SINCE"], AGE)
        return row

    def needs_nobody(self, what, *officers):
        for officer in officers:
            self.assertIsNone(self.find(what, officer), officer)

    def urgent(self, within):
        """A petition that INS has and whose answer is needed within so long."""
        person = self.open_intake()
        self.find_severe(person)
        referral = self.field("referral", self.ws(*self.file_words(person), "--needed-within",
                                                  within))
        self.needs(referral, INS, CENTER)
        return referral

    def test_petition_waits_for_ins_then_its_end_for_doj(self):
        referral = self.petition()
        row = self.needs(referral, INS, CENTER, procedure="continued presence, initial",
                         state="received")
        self.assertRegex(row["DUE"], TIME)
        self.assertIn("take up", row["WHAT TO DO"])
        self.needs_nobody(referral, FBI)
        theirs = self.find(referral, FBI, "--all")
        self.assertEqual(theirs["NEXT MOVE OF"], CENTER)
        self.ws("return", referral, "--kind", "incomplete", "--reason",
                "SYNTHETIC. The case number is missing.")
        row = self.needs(referral, FBI, "doj/fbi", state="returned")
        self.assertEqual(row["WHAT TO DO"], "read how it ended: returned")
        self.needs_nobody(referral, INS)
        self.ws("petition", "show", referral, "--as", FBI)
        self.needs_nobody(referral, FBI)

    def test_overdue_is_first_then_the_longest_wait(self):
        older, newer = self.petition(), self.petition()
        urgent = self.urgent("6s")
        command.eventually("the urgent one is overdue", lambda: self.find(urgent, INS)["DUE"]
                           .startswith("OVERDUE since "))
        rows = self.inbox(INS)
        order = [row["WHAT"] for row in rows]
        self.assertLess(order.index(urgent), order.index(older))
        self.assertLess(order.index(older), order.index(newer))
        overdue = [row["DUE"].startswith("OVERDUE since ") for row in rows]
        self.assertEqual(overdue, sorted(overdue, reverse=True))
        self.assertFalse(all(overdue))
        self.ws("take-up", urgent)
        self.ws("answer", urgent, "--deny", "--reasons", "SYNTHETIC. Not needed.")
        self.ws("answer", urgent, "--countersign", "--as", CHIEF)
        self.needs_nobody(urgent, INS)

    def test_end_of_a_presence_waits_for_the_second_official(self):
        person, presence = self.let_stay()
        self.needs_nobody(presence, INS, CHIEF)
        end = ("presence", "end", presence, "--kind", "no-longer-necessary")
        self.ws(*end, "--as", INS)
        for officer in (INS, CHIEF):
            row = self.needs(presence, officer, CENTER, person=person,
                             procedure="continued presence, end proposed")
            self.assertEqual(row["WHAT TO DO"],
                             "second official: tools/ws presence show " + presence)
        self.ws(*end, "--as", CHIEF)
        self.needs_nobody(presence, INS, CHIEF)

    def test_case_waits_for_hhs_while_the_move_is_its_own(self):
        shown = self.certification("open", "--door", "ngo", "--born", born(15))
        case, person = self.field("case", shown), self.field("person", shown)
        row = self.needs(case, ORR, "hhs/orr", procedure="certification", person=person)
        self.assertEqual(row["WHAT TO DO"], "propose the letter")
        self.certification("propose", case)
        row = self.needs(case, DIRECTOR, "hhs/orr")
        self.assertEqual(row["WHAT TO DO"], "a second official confirms the letter")
        self.certification("confirm", case, officer=DIRECTOR)
        self.needs_nobody(case, ORR)

    def test_case_that_waits_for_ins_is_not_in_the_inbox_of_hhs(self):
        shown = self.certification("open", "--door", "self", "--age", "twenty-one-or-older")
        case = self.field("case", shown)
        row = self.needs(case, ORR, "hhs/orr")
        self.assertIn("willing", row["WHAT TO DO"])
        shown = self.certification("willingness", case, *WILLING)
        self.assertIn(CENTER, self.field("next move", shown))
        self.needs_nobody(case, ORR)

    def test_call_waits_for_the_line_until_it_is_closed(self):
        words = ("call", "record", "--as", LINE, "--age", "twenty-one-or-older", "--wish",
                 "investigation", "--circumstances", "SYNTHETIC. Papers taken.")
        out = self.ws(*words)
        call, person = self.field("call", out), self.field("person", out)
        row = self.needs(call, LINE, "dol/complaint-line", procedure="call", person=person, due="-")
        self.assertEqual(row["WHAT TO DO"], "record a consent and refer the call, or close it")
        # The rest of DOL does not learn of calls.
        self.needs_nobody(call, ETA)
        danger = self.field("call", self.ws(*words, "--danger-now"))
        row = self.needs(danger, LINE, "dol/complaint-line")
        self.assertRegex(row["DUE"], TIME)
        self.assertIn("on the emergency basis", row["WHAT TO DO"])
        for one in (call, danger):
            self.ws("call", "close", one, "--as", LINE, "--reason", "SYNTHETIC. Hung up.")
            self.needs_nobody(one, LINE)

    def test_report_waits_for_the_post_then_for_the_unit_it_is_routed_to(self):
        out = self.ws("post-report", "record", "--as", CONSUL, "--post", "CHI", "--circumstances",
                      "SYNTHETIC. Asked for help at the window.", "--age", "twenty-one-or-older")
        report, person = self.field("report", out), self.field("person", out)
        row = self.needs(report, CONSUL, "dos/consular", procedure="post report", person=person)
        self.assertEqual(row["WHAT TO DO"], "route the report")
        self.needs_nobody(report, DSS, PRM)
        self.ws("post-report", "route", report, "--as", CONSUL, "--to", "diplomatic-security")
        row = self.needs(report, DSS, "dos/diplomatic-security", person=person)
        self.assertEqual(row["WHAT TO DO"], "accept the report")
        self.needs_nobody(report, CONSUL, PRM)
        self.ws("post-report", "accept", report, "--as", DSS)
        self.needs_nobody(report, CONSUL, DSS, PRM)

    def test_return_waits_for_prm_and_reintegration_for_usaid(self):
        person = self.field("person", self.certification("open", "--door", "self", "--age",
                                                         "twenty-one-or-older"))
        consent = self.field("consent", self.ws(
            "consent", "record", person, "--as", ORR, "--purpose",
            "return,tell-origin-government,share-with-iom", "--agency", "dos,usaid", "--until",
            "+180d"))
        referral = self.field("referral", self.ws(
            "return-home", "refer", "--as", ORR, "--person", person, "--country", "MD",
            "--return-consent", consent, "--origin-government-consent", consent, "--iom-consent",
            consent, "--risk", "low", "--risk-summary", "SYNTHETIC. Family awaits.", "--age",
            "twenty-one-or-older"))
        self.needs(referral, PRM, "dos/prm", procedure="safe return", person=person,
                   state="received")
        self.ws("take-up", referral, "--as", PRM)
        onward = self.field("referral", self.ws("return-home", "forward", referral, "--as", PRM,
                                                "--support", "shelter"))
        row = self.needs(onward, USAID, "usaid/missions", procedure="reintegration", person=person,
                         state="received")
        self.assertIn("take up", row["WHAT TO DO"])
        # PRM stays answerable for its own, and waits for the other.
        self.needs(referral, PRM, "dos/prm", state="taken up")
        self.needs_nobody(onward, PRM)
        self.ws("take-up", onward, "--as", USAID)
        self.ws("answer", onward, "--as", USAID, "--body",
                '{"arranged": ["shelter"], "partner": "SYN shelter"}')
        row = self.needs(onward, PRM, "dos/prm", state="answered")
        self.assertEqual(row["WHAT TO DO"], "read how it ended: answered")
        self.needs_nobody(onward, USAID)

    def test_nothing_that_waits_is_said(self):
        empty = self.run_code(command.OK, "inbox", "--as", WORKER, "--unit",
                              "doj/worker-exploitation")
        self.assertEqual(empty.out, "")
        self.assertIn("nothing needs doj now", empty.err)


if __name__ == "__main__":
    junit.main()
