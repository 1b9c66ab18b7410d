"""Planted breaches: the layer and house rules find them, and leave honest files alone."""
import unittest

import house
import layers


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


if __name__ == "__main__":
    unittest.main()
