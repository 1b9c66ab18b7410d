"""kill -9 of a process at every boundary between two steps of the demo's scenes."""
import collections
import os
import random
import unittest

import command
import junit
import story

# How often each scene is told; in 8 tellings every process dies at every boundary.
TELLINGS = int(os.environ.get("WAYSTATION_KILL_TELLINGS", "2"))


class KillBoundariesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.random = random.Random(story.seed())
        cls.bus = story.Bus()
        cls.addClassCleanup(cls.bus.close)
        cls.order = list(cls.bus.processes)
        cls.random.shuffle(cls.order)
        index, shards = story.shard()
        cls.scenes = [scene for scene in story.SCENES if scene % shards == index]

    def deaths(self):
        return {name: process.deaths for name, process in self.bus.processes.items()}

    def check_deaths(self, scene, before, kills):
        """Every process died in the scene, and of nothing else than the kills."""
        for name, process in self.bus.processes.items():
            # The last may not have been waited for yet.
            command.eventually("the death of " + name, lambda: process.deaths > before[name])
            self.assertLessEqual(process.deaths - before[name], kills[scene, name], (scene, name))

    def tell(self, scene, offset, kills):
        """Tells a scene; at each boundary the next of the eight dies."""
        order = self.order

        def at_step(number):
            name = order[(number + offset) % len(order)]
            self.bus.processes[name].kill()
            kills[scene, name] += 1

        return story.Story(self.bus, scene, at_step)

    def test_story_ends_as_if_nobody_had_died(self):
        kills = collections.Counter()
        for scene in self.scenes:
            calm = story.told_calmly(self.bus, scene)
            self.assertTrue(calm.referrals or scene == 4, calm)
            offset = self.random.randrange(len(self.bus.processes))
            before = self.deaths()
            for telling in range(TELLINGS):
                with self.subTest(scene=scene, telling=telling):
                    step = -(-len(self.bus.processes) // TELLINGS)
                    told = self.tell(scene, offset + telling * step, kills)
                    self.assertEqual(story.await_same(told, self.bus, calm), calm)
            with self.subTest(scene=scene, checked="deaths"):
                self.check_deaths(scene, before, kills)
        for name, process in self.bus.processes.items():
            count = sum(kills[scene, name] for scene in self.scenes)
            print("%-6s killed %3d times at boundaries, died %3d times" % (name, count,
                                                                           process.deaths))
            for scene in self.scenes:
                self.assertGreaterEqual(kills[scene, name], 1, (scene, name))
        print("%d kills in %d tellings of scenes %s" % (sum(kills.values()),
                                                       TELLINGS * len(self.scenes), self.scenes))


if __name__ == "__main__":
    junit.main()
