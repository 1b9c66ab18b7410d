"""10,000 faults planted in what one party says, each of them named, nothing else."""
import json
import unittest

import command
import junit


class TenThousandFaultsTest(unittest.TestCase):
    def test_finds_every_one_and_nothing_else(self):
        home = command.Home()
        self.addCleanup(home.close)
        result = home.run("-o", "json", "reconcile", "--inject", "10000", timeout=600)
        self.assertEqual(result.code, command.OK, result.out + result.err)
        *rows, summary = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual((summary["found"], summary["false_found"]), ("10000", "0"), summary)
        self.assertEqual(summary["together_found"], summary["together"], summary)
        self.assertGreaterEqual(int(summary["together"]), len(rows))
        self.assertEqual(len(rows), 17)
        self.assertGreaterEqual(int(summary["handoffs"]), 200)


if __name__ == "__main__":
    junit.main()
