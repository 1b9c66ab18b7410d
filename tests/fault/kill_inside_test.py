"""kill -9 inside the handlers that the demo's scenes use, officers' calls and messages alike."""
import random
import time
import unittest

import junit
import kill_points
import story

POINTS = kill_points.wanted(108)


class KillInsideTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.bus = story.Bus()
        cls.addClassCleanup(cls.bus.close)
        cls.points = kill_points.Points(cls.bus, random.Random(story.seed()))
        cls.index, cls.shards = story.shard()

    def tellings(self):
        """How often each scene is told to die in, None for as often as there are points."""
        if POINTS == "all":
            return None
        return -(-int(POINTS) // (kill_points.AT_ONCE * len(story.SCENES) * self.shards))

    def mine(self, point):
        return (point.at + point.after) % self.shards == self.index

    def test_story_ends_as_if_nobody_had_died(self):
        begin = time.monotonic()
        for scene in story.SCENES:
            calm, syncs = self.points.calm(lambda: story.told_calmly(self.bus, scene))
            print("scene %d: syncs %s" % (scene, syncs), flush=True)
            for group in self.points.groups(syncs, self.tellings(), self.mine):
                with self.subTest(scene=scene, points=group):
                    with self.points.killing(group):
                        told = story.await_same(story.Story(self.bus, scene), self.bus, calm)
                    self.assertEqual(told, calm)
        self.points.check(self, self.bus.processes, time.monotonic() - begin)


if __name__ == "__main__":
    junit.main()
