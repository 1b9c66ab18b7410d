"""Planted breaches: the layer, house and reason rules find them, and leave honest files alone."""
import unittest

import house
import layers
import reasons


def problems(name, *includes):
    return layers.breaches(name, "".join("#include %s\n" % i for i in includes))


class Layers(unittest.TestCase):
    def test_accepts_arrows_that_point_down(self):
        self.assertEqual([], problems("common/journal/segment.cc", '"common/status/status.h"',
                                      '"common/journal/segment.h"', "<vector>"))
        self.assertEqual([], problems("services/broker/core.cc", '"common/journal/journal.h"',
                                      '"services/broker/core.h"', '"rocksdb/db.h"'))

    def test_names_file_and_line_of_a_planted_include(self):
        found = problems("common/status/status.cc", "<string>", '"services/broker/core.h"')
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("common/status/status.cc:2: includes services/"))

    def test_refuses_openssl_outside_crypto(self):
        self.assertTrue(problems("services/broker/main.cc", "<openssl/ssl.h>"))
        self.assertTrue(problems("tests/chain_test.cc", "<openssl/x509.h>"))
        self.assertEqual([], problems("common/crypto/dsse.cc", "<openssl/evp.h>"))

    def test_refuses_a_neighbour_service(self):
        self.assertTrue(problems("services/doj/doj.cc", '"services/ins/register.h"'))

    def test_refuses_a_room_above(self):
        self.assertTrue(problems("common/crypto/dsse.cc", '"common/client/client.h"'))
        self.assertTrue(problems("common/merkle/tree.cc", '"tools/waystation/table.h"'))

    def test_statute_knows_only_status(self):
        self.assertTrue(problems("common/statute/tvpa.cc", '"common/clock/clock.h"'))
        self.assertTrue(problems("common/statute/tvpa.cc", '"waystation/doj/v1/doj.pb.h"'))
        self.assertEqual([], problems("common/statute/tvpa.cc", '"common/status/status.h"',
                                      '"absl/time/civil_time.h"'))

    def test_black_box_tests_do_not_look_inside(self):
        self.assertTrue(problems("tests/chain_test.cc", '"services/broker/core.h"'))

    def test_refuses_a_room_that_nobody_placed(self):
        self.assertTrue(problems("common/novelty/novelty.h"))

    def test_every_row_names_rooms_that_exist_below_it(self):
        placed = set()
        for room, below in layers.ROOMS.items():
            for name in below:
                self.assertIn("common/" + name, placed, room)
            placed.add(room)

    def test_benchmarks_stand_beside_what_they_measure(self):
        bench = '"benchmark/benchmark.h"'
        self.assertEqual([], problems("common/journal/journal_bench.cc", bench))
        self.assertTrue(problems("common/journal/journal.cc", bench))
        self.assertTrue(problems("common/journal/journal_bench.cc", "<openssl/ssl.h>"))

    def test_the_referral_table_knows_the_wire_and_nothing_else(self):
        self.assertEqual([], problems("common/referral/table.h", '"waystation/types/v1/x.pb.h"'))
        self.assertTrue(problems("common/referral/table.cc", '"common/status/status.h"'))

    def test_refuses_absl_mutex(self):
        self.assertTrue(problems("common/client/x.cc", '"absl/synchronization/mutex.h"'))


class House(unittest.TestCase):
    def test_refuses_nameless_folders(self):
        self.assertTrue(house.folder_breaches("common/util/x.cc"))
        self.assertEqual([], house.folder_breaches("common/utility_bills/x.cc"))
        self.assertEqual([], house.folder_breaches("docs/base"))

    def test_finds_notes_to_finish_later(self):
        self.assertTrue(house.line_breaches("x.cc", "int a;  // TO" "DO: more\n"))
        self.assertEqual([], house.line_breaches("x.sh", "mktemp dir.XX" "XXXX\n"))

    def test_finds_paths_of_one_machine(self):
        self.assertTrue(house.line_breaches("x.sh", 'cd "/wo' 'rk/main"\n'))
        self.assertTrue(house.line_breaches("x.sh", "HOME=/ro" "ot\n"))
        self.assertEqual([], house.line_breaches("x.md", "leaf/root hashes, and/work\n"))

    def test_finds_registry_hosts(self):
        self.assertTrue(house.line_breaches("x.json", "https://registry.npmjs." "org/a\n"))

    def test_warns_of_long_files_only(self):
        self.assertEqual([], house.size_warnings("x.cc", "\n" * house.CPP_LINES))
        self.assertEqual(1, len(house.size_warnings("x.cc", "\n" * (house.CPP_LINES + 1))))


class Reasons(unittest.TestCase):
    CONTRACT = """## Errors
| reason | code | what to do |
|---|---|---|
| OVERLOADED | RESOURCE_EXHAUSTED | again |
| LIMIT_A, LIMIT_B | INVALID_ARGUMENT | fix |
| CRL_* | UNAUTHENTICATED | ask |

On the record only: STREAM_CLOSED.

## Next
| AFTER_ALL | is another chapter |
"""
    SOURCES = {"common/a.cc": 'return Refusal(kCode, "OVERLOADED", text);\n'
                              'Limit("LIMIT_A"); Limit("LIMIT_B"); Close("STREAM_CLOSED");\n',
               "services/b.cc": 'return "CRL_EXPIRED"; sql("COMMIT");\n'}

    def found(self, **change):
        return reasons.breaches({**self.SOURCES, **change}, self.CONTRACT)

    def test_accepts_what_agrees(self):
        self.assertEqual(["services/b.cc: reason CRL_EXPIRED is not in protos/README.md (Errors)"],
                         self.found())
        self.assertEqual([], reasons.breaches(
            self.SOURCES, self.CONTRACT.replace("STREAM_CLOSED.", "STREAM_CLOSED, CRL_EXPIRED.")))

    def test_finds_a_reason_that_the_contract_lacks(self):
        for planted in ('Refusal(kCode, "PLANTED", x)', 'Other("PLANTED_TOO", x)',
                        'Refusal(kCode,\n   "AFTER_ALL", x)'):
            found = self.found(**{"common/c.cc": planted})
            self.assertEqual(2, len(found), planted)
            self.assertTrue(found[0].startswith("common/c.cc: reason "), found)

    def test_finds_a_reason_that_nobody_gives(self):
        found = self.found(**{"common/a.cc": 'Refusal(kCode, "OVERLOADED", t); Limit("LIMIT_A");'})
        self.assertIn("protos/README.md: reason LIMIT_B is in no source", found)

    def test_looks_at_no_test(self):
        self.assertFalse(reasons.speaks("common/a_test.cc"))
        self.assertFalse(reasons.speaks("common/agency/fake_exchange.cc"))
        self.assertFalse(reasons.speaks("tools/waystation/text.cc"))
        self.assertTrue(reasons.speaks("services/broker/admission.cc"))


if __name__ == "__main__":
    unittest.main()
