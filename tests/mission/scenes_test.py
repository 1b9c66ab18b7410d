"""The demo's scenes, each on a bus of its own, by the facts that it must show."""
import re
import unittest

import command
import junit
from mission import born

NO_ANSWER = 60.0
NOBODY = "nobody holds a next move"


class ScenesTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)

    def play(self, number):
        """Plays one scene and no other; returns it with every line's words in one row."""
        result = self.home.run("demo", "--once", "--scene", str(number), timeout=NO_ANSWER)
        self.assertEqual(result.code, command.OK, result.out + result.err)
        titles = re.findall(r"^(\d)\. ", result.out, re.MULTILINE)
        self.assertEqual(titles, [str(number)], result.out)
        self.out = result.out
        return re.sub(r"\n {24}(?=\S)", " ", result.out)

    def ending(self, told):
        return re.search(r"^  => +(.*)$", told, re.MULTILINE).group(1)

    def verified(self, told):
        """The names of the histories that the command verified."""
        return re.findall(r"^  VERIFIED +[0-9a-f]{32} \d+ signatures, (.+)$", told, re.MULTILINE)

    def assert_told(self, told, *parts):
        """The parts are told, in this order."""
        at = 0
        for part in parts:
            found = re.compile(part).search(told, at)
            self.assertTrue(found, "no %r after %r in:\n%s" % (part, told[:at][-80:], told))
            at = found.end()

    def test_scene_1_from_a_call_to_a_job(self):
        told = self.play(1)
        self.assert_told(
            told, "DOL line-4101 .*takes a call, no name", "safe contact: the shelter's desk",
            "refers it to DOJ under the caller's own consent", "intake opened by doj/fbi",
            r"severe form, TVPA 103\(8\)", r"8 duties under TVPA 107\(c\)",
            "petitions INS for continued presence", "INS adjudicator-2101 +takes it up",
            "INS supervisor-2103 +countersigns the grant", "reads: granted: parole.*work "
            "authorized", "INS's due notice", r"willing to assist, 107\(b\)\(1\)\(E\)",
            "DOJ ag-1501 .*concurs", r"HHS orr-3102 +countersigns the certification letter \d{13}",
            "DOL's One-Stop system", "reads: job training completed, job search placed")
        number = re.search(r"certification letter (\d{13})", told).group(1)
        self.assertIn("asks about %s: VALID, certification" % number, told)
        wrong = re.search(r"asks about (\d{13}): refused, the check digits are wrong", told)
        self.assertEqual(sum(a != b for a, b in zip(wrong.group(1), number)), 1)
        person = re.search(r"no caller id: (pv-\S+)", told).group(1)
        self.assertTrue(self.ending(told).startswith(person + ": answered; " + NOBODY))
        self.assertEqual(self.verified(told),
                         ["complaint to DOJ", "petition to INS", "notice to HHS",
                          "consultation of DOJ", "services by DOL"])

    def test_scene_2_overdue_chased_and_closed(self):
        told = self.play(2)
        self.assert_told(
            told, "petitions INS; needed by", "nobody moves",
            r"OVERDUE +ins/vermont-service-center must .+, since 20.*; due 20.* by \S",
            r"AUDITOR +finds: referral unanswered past its due time \(high\): agency/doj, "
            r"agency/ins; act by 20", "telephones", "takes it up", "countersigns",
            "reads: granted",
            r"AUDITOR +closes it: open for \d[\d.hms]*; ended by the record: answer",
            "no longer overdue")
        self.assertRegex(self.ending(told), r"; next move: hhs/orr, to ask whether the person")
        self.assertEqual(self.verified(told), ["petition to INS", "notice to HHS"])

    def test_scene_3_who_may_petition(self):
        told = self.play(3)
        returned = r"INS +returns it, not authorized by law: .*28 CFR 1100\.35"
        self.assert_told(told, "HHS orr-3101 +petitions INS", returned, "DOS consul-5101 .*is warned",
                         returned, "of Diplomatic Security petitions",
                         "two officials decide: granted: parole")
        self.assertIn("next move: hhs/orr", self.ending(told))
        self.assertEqual(self.verified(told),
                         ["petition of HHS", "petition of a consul", "petition to INS",
                          "notice to HHS"])

    def test_scene_4_one_birth_date(self):
        told = self.play(4)
        for years, letter, other in ((14, "eligibility", "certification"),
                                     (15, "eligibility", "certification"),
                                     (17, "eligibility", "certification"),
                                     (18, "certification", "eligibility")):
            line = re.search("age %d, %s +(.*)" % (years, born(years)), told).group(1)
            self.assertIn("%s letter, %s refused" % (letter, other), line)
            if years < 18:
                self.assertTrue(line.endswith("must have: nothing"), line)
        adult = re.search("age 18.*must have: (.*)", told).group(1)
        for citation in ("107(b)(1)(E)(i)(I)", "107(b)(1)(E)(i)(II)"):
            self.assertIn("TVPA " + citation, adult)
        self.assertRegex(told, r"asks for cooperation all the same, refused: .*"
                               r"22 U\.S\.C\. 7105\(b\)\(1\)\(C\)\(ii\)\(I\)")
        number = re.search(r"the eligibility letter (\d{13})", told).group(1)
        self.assertIn("asks about %s: VALID, eligibility" % number, told)
        self.assertIn(NOBODY, self.ending(told))
        self.assertEqual(self.verified(told), [])
        self.assertIn("nothing travelled in this scene", told)

    def test_scene_5_declined(self):
        told = self.play(5)
        self.assert_told(
            told, "takes up language training", "refers a wished return", "forwards to USAID",
            "declines to return", "dos: pending", r"would report a return, refused: .*"
            r"22 U\.S\.C\. 7105\(a\)\(1\)", "USAID mission-6101 +confirms",
            "can confirm only now", "reads every holder's answer: .*dos confirmed.*",
            "answers: declined", "language training enrolled")
        answers = re.search("every holder's answer: (.*)", told).group(1)
        self.assertIn("usaid confirmed (onward)", answers)
        self.assertIn(NOBODY, self.ending(told))
        self.assertEqual(self.verified(told),
                         ["services by DOL", "return to DOS", "reintegration by USAID"])

    def test_scene_6_one_byte(self):
        told = self.play(6)
        self.assert_told(told, "DOL line-4101 +refers a call to DOJ",
                         r"flips one bit of byte \d+ in segment-\d+\.wsj",
                         r"refuses the copy: DATA_LOSS.*segment-\d+\.wsj.* block \d+",
                         "with the byte put back it starts", "throws the copy away")
        flipped = re.search(r"in (segment-\d+\.wsj)", told).group(1)
        self.assertIn(flipped, re.search("refuses the copy: .*", told).group(0))
        self.assertIn("next move: doj/worker-exploitation", self.ending(told))
        self.assertEqual(self.verified(told), ["complaint to DOJ"])

    def test_scene_6_leaves_a_kept_bus_alone(self):
        data = self.home.path("bus")
        for scene in ("4", "6"):
            result = self.home.run("demo", "--once", "--data", data, "--scene", scene,
                                   timeout=NO_ANSWER)
            self.assertEqual(result.code, command.OK, result.out + result.err)
        referral = re.search("VERIFIED +([0-9a-f]{32})", result.out).group(1)
        dev = command.start_dev(self.home, "--data", data)
        self.addCleanup(dev.kill)
        history = self.home.run("history", referral)
        self.assertEqual(history.code, command.OK, history.out + history.err)
        self.assertEqual(dev.ctrl_c()[0], command.OK)


if __name__ == "__main__":
    junit.main()
