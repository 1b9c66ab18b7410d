"""waystation completion: what a shell proposes once it has sourced the script."""
import subprocess
import unittest

import command
import junit

# As bash does on a tab: the words so far, the last of them unfinished.
ASK = """
source <("$0" completion bash)
complete -p waystation ws
COMP_WORDS=(waystation "$@")
COMP_CWORD=$#
_waystation
printf '%s\\n' "${COMPREPLY[@]}"
"""


class CompletionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = command.Home()
        cls.addClassCleanup(cls.home.close)
        with open(cls.home.path("letter-1.bin"), "wb"):
            pass

    def complete(self, *words):
        """What bash proposes for the last of the words; one empty line is nothing."""
        done = subprocess.run(["bash", "--norc", "-c", ASK, command.PROGRAM, *words],
                              env=self.home.env, cwd=self.home.dir, stdin=subprocess.DEVNULL,
                              capture_output=True, encoding="utf-8", timeout=30, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        # Under both names by which the command is called.
        self.assertEqual(lines[:2], ["complete -F _waystation waystation",
                                     "complete -F _waystation ws"])
        return lines[2:]

    def test_completes_nouns_verbs_and_flags(self):
        for words, proposed in ((("certi",), ["certification"]),
                                (("case", "break"), ["break-glass"]),
                                (("petition", "file", "--needed"), ["--needed-within"]),
                                (("letter", "ver"), ["verify"]),
                                (("case", "zzz"), [""])):
            with self.subTest(words=words):
                self.assertEqual(self.complete(*words), proposed)

    def test_flags_and_values_before_do_not_mislead(self):
        self.assertEqual(self.complete("-o", "json", "certi"), ["certification"])
        self.assertEqual(self.complete("certification", "show", "--as", "orr-3101", "--prof"),
                         ["--profile"])

    def test_proposes_every_verb_of_a_noun(self):
        proposed = self.complete("letter", "")
        for verb in ("show", "verify", "export", "check"):
            self.assertIn(verb, proposed)
        self.assertNotIn("file", proposed)

    def test_proposes_files_where_no_verb_fits(self):
        self.assertEqual(self.complete("letter", "check", "letter-"), ["letter-1.bin"])


if __name__ == "__main__":
    junit.main()
