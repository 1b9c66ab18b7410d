"""kill -9 inside the handlers: at a sync of a process, on either side of its commit.

Every effect of a service is one commit, and every commit is one sync of its store; the broker's is a
sync of the journal. So the syncs of a scene are its handlers, officers' calls and messages alike.
Each is a point at which the process dies: before the sync, when nothing of the handler may remain,
and after it, when all of it must, though nobody was told.
"""
import collections
import os
import random
import time
import unittest

import command
import junit
import story

# How many points are tried, or "all". Points of different processes share a telling.
POINTS = os.environ.get("WAYSTATION_KILL_POINTS", "108")
AT_ONCE = 3

Point = collections.namedtuple("Point", "process at after")


class KillInsideTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.random = random.Random(story.seed())
        cls.bus = story.Bus()
        cls.addClassCleanup(cls.bus.close)
        cls.index, cls.shards = story.shard()
        cls.hits = collections.Counter()
        cls.tellings = 0

    def seen(self):
        return {name: process.trigger.seen for name, process in self.bus.processes.items()}

    def calm(self, scene):
        """The scene undisturbed; returns what was told and how often each process synced."""
        before = self.seen()
        told = story.told_calmly(self.bus, scene)
        return told, {name: count - before[name] for name, count in self.seen().items()}

    def groups(self, syncs):
        """The points of this shard, those of one telling together; none is tried twice."""
        points = {name: [Point(name, at, after) for at in range(1, count + 1)
                         for after in (False, True) if (at + after) % self.shards == self.index]
                  for name, count in syncs.items()}
        for of_one in points.values():
            self.random.shuffle(of_one)
        groups = []
        while POINTS == "all" or len(groups) < self.tellings_of_scene():
            # The process that was tried least goes first, so that each has its turn.
            names = sorted((name for name in points if points[name]),
                           key=lambda name: (self.tried[name], self.random.random()))[:AT_ONCE]
            if not names:
                break
            groups.append([points[name].pop() for name in names])
            self.tried.update(names)
        return groups

    def tellings_of_scene(self):
        return -(-int(POINTS) // (AT_ONCE * len(story.SCENES) * self.shards))

    def tell(self, scene, group, calm):
        """Tells the scene while each of the points kills its process; returns what was told."""
        deaths = {name: process.deaths for name, process in self.bus.processes.items()}
        for point in group:
            self.bus.processes[point.process].trigger.arm(point.at, point.after)
        told = story.await_same(story.Story(self.bus, scene), self.bus, calm)
        for point in group:
            process = self.bus.processes[point.process]
            if process.trigger.left:  # It came to fewer syncs this time.
                process.trigger.arm(0, False)
                self.hits[point.process, "missed"] += 1
                continue
            # The trigger has fired; that the process is gone is seen a little later.
            command.eventually("the death at %s" % (point,),
                               lambda: process.deaths > deaths[point.process])
            self.hits[point.process, "after" if point.after else "before"] += 1
            self.files[point.process, self.kind(process.trigger.file)] += 1
        self.tellings += 1
        return told

    def kind(self, path):
        """What the file is to the process."""
        for part in ("journal", "projection"):
            if "/%s" % part in path:
                return part
        return os.path.basename(path)

    def test_story_ends_as_if_nobody_had_died(self):
        self.tried, self.files = collections.Counter(), collections.Counter()
        begin = time.monotonic()
        for scene in story.SCENES:
            calm, syncs = self.calm(scene)
            print("scene %d: syncs %s" % (scene, syncs), flush=True)
            for group in self.groups(syncs):
                with self.subTest(scene=scene, points=group):
                    self.assertEqual(self.tell(scene, group, calm), calm)
        for name in self.bus.processes:
            before, after, missed = (self.hits[name, side] for side in ("before", "after", "missed"))
            files = {file: count for (of, file), count in self.files.items() if of == name}
            print("%-6s %3d kills before a commit, %3d after, %d missed; %s" %
                  (name, before, after, missed, files))
            self.assertGreater(before + after, 0, name)
        print("%d tellings in %.1f s" % (self.tellings, time.monotonic() - begin))


if __name__ == "__main__":
    junit.main()
