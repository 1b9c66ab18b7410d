"""waystation demo --once: the main job, told on one screen."""
import os
import re
import time
import unittest

import command
import junit

NO_ANSWER = 60.0


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = command.Home()
        cls.addClassCleanup(cls.home.close)
        begin = time.monotonic()
        cls.result = cls.home.run("demo", "--once", timeout=NO_ANSWER + 5)
        cls.seconds = time.monotonic() - begin
        # Each case begins with "N. " after an empty line.
        cls.stories = re.findall(r"^\d\. .*\n(?:  .*\n)+", cls.result.out, re.MULTILINE)

    def test_ends_in_time_with_success(self):
        self.assertEqual(self.result.code, command.OK, self.result.out + self.result.err)
        self.assertLess(self.seconds, NO_ANSWER)

    def test_says_that_everything_is_synthetic(self):
        self.assertIn("SYNTHETIC", self.result.err)

    def test_tells_three_stories_that_end_on_the_next_move(self):
        self.assertEqual(len(self.stories), 3, self.result.out)
        last = [story.splitlines()[-1] for story in self.stories]
        self.assertRegex(last[0], r"^  => answered since .*; nobody holds a next move$")
        self.assertRegex(last[1], r"^  => returned since .*; nobody holds a next move$")
        self.assertRegex(last[2], r"^  => received; next move: agency/ins, since ")

    def test_grants_the_first_by_two_officials(self):
        self.assertIn("granted: parole", self.stories[0])
        self.assertIn("countersigns", self.stories[0])

    def test_returns_the_second_with_the_citation(self):
        self.assertIn("not authorized by law, TVPA 107(c)(3)", self.stories[1])

    def test_shows_the_third_as_overdue(self):
        self.assertIn("OVERDUE", self.stories[2])

    def test_verifies_every_history(self):
        verified = re.findall(r"^  (\w+) ([0-9a-f]{32}): \d+ steps, (\d+) signatures VERIFIED now$",
                              self.result.out, re.MULTILINE)
        self.assertEqual([name for name, _, _ in verified], ["granted", "returned", "stalled"])
        filed = re.findall(r"filed as ([0-9a-f]{32})", self.result.out)
        self.assertEqual([referral for _, referral, _ in verified], filed)
        for _, _, signatures in verified:
            self.assertGreaterEqual(int(signatures), 3)

    def test_leaves_no_process_and_no_data(self):
        self.assertEqual(command.processes_of(self.home.dir), {})
        self.assertNotIn("waystation-dev-", " ".join(os.listdir(self.home.dir)))

    def test_prints_no_escape_codes_into_a_pipe(self):
        self.assertNotIn("\x1b", self.result.out + self.result.err)


if __name__ == "__main__":
    junit.main()
